// Every optimizer of the package on one list of weights, for what holds for many of them.

import { tensor } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { CONVERGED, convRmsToRms, embedRms, rms, rmsToRms } from "../../nn/index.ts";
import {
  adaSpectral, adagrad, adam, adamw, agd, almond, dion, fromage, gluon, iso, isoAdamTensor, lamb,
  lars, lion, mirrorDescent, modularDescent, muon, nmd, normalizedModularDescent, normalizedSgd,
  normuon, nsd, pNorm, rmsSpectral, rmsprop, scg, scion, sgd, shampoo, signSgd, signum, soap,
  steepestDescent, stochasticSpectralDescent, uscg,
} from "../../optim/index.ts";
import type { CommonOptions, Geometry, LayerMoments, Optimizer } from "../../optim/index.ts";
import { array64 } from "../reference.ts";
import type { Shapes } from "./trees.ts";

/** Weights of every kind: a square and a tall matrix, a kernel, a table, a vector. */
export const SHAPES: Shapes = {
  square: [3, 3], tall: [4, 3], kernel: [3, 2, 2, 2], table: [5, 3], bias: [4],
};

/** Those without the vector, for optimizers that take none. */
export const NO_VECTORS: Shapes = {
  square: [3, 3], tall: [4, 3], kernel: [3, 2, 2, 2], table: [5, 3],
};

/** Those that are matrices, for optimizers that take nothing else. */
export const MATRICES: Shapes = { square: [3, 3], tall: [4, 3], table: [5, 3] };

const NORMS = {
  square: rmsToRms, tall: rmsToRms, kernel: convRmsToRms, table: embedRms, bias: rms,
} as const;

/** Their norms, with the same share for all. */
export const geometry: Geometry = {
  entries: Object.entries(NORMS).map(([path, norm]) => ({ path, norm, share: 0.2 })),
};

/** Makes an optimizer with the rate of the family. */
export type Make = (more: CommonOptions) => Optimizer;

/** Second moments of a layer by its weight's shape: not diagonal, of condition 5 at most. */
export function layerMoments([fanOut = 0, fanIn = 0]: readonly number[]): LayerMoments {
  return { inputs: secondMoment(fanIn), outputs: secondMoment(fanOut) };
}

function secondMoment(n: number): Tensor {
  return tensor(array64([n, n], Array.from({ length: n * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    return row === column ? 2 + row / n : 0.5 ** Math.abs(row - column);
  })));
}

const lr = 0.125;
const polar = CONVERGED;

/** Optimizers whose steps do not depend on the scale of the gradients. */
export const scaleFree: Readonly<Record<string, Make>> = {
  normalizedSgd: (more) => normalizedSgd({ lr, ...more }),
  signSgd: (more) => signSgd({ lr, ...more }),
  signum: (more) => signum({ lr, weightDecay: 0.5, ...more }),
  lion: (more) => lion({ lr, ...more }),
  adam: (more) => adam({ lr, eps: 0, ...more }),
  amsgrad: (more) => adam({ lr, eps: 0, amsgrad: true, ...more }),
  adamw: (more) => adamw({ lr, eps: 0, ...more }),
  rmsprop: (more) => rmsprop({ lr, eps: 0, centered: true, momentum: 0.5, ...more }),
  adagrad: (more) => adagrad({ lr, eps: 0, ...more }),
  isoAdamTensor: (more) => isoAdamTensor({ lr, eps: 0, ...more }),
  lars: (more) => lars({ lr: 1, ...more }),
  lamb: (more) => lamb({ lr, eps: 0, ...more }),
  fromage: (more) => fromage({ lr, bound: 2, ...more }),
  shampoo: (more) => shampoo({ lr, eps: 0, beta: 0.5, ...more }),
  soap: (more) => soap({ lr, eps: 0, every: 2, ...more }),
  muon: (more) => muon(geometry, { lr, adamw: { lr, eps: 0 }, ...more }),
  normuon: (more) => normuon(geometry, { lr, adamw: { lr, eps: 0 }, ...more }),
  dion: (more) => dion(geometry, { lr, rank: 2, adamw: { lr, eps: 0 }, ...more }),
  scg: (more) => scg(geometry, { lr, polar, ...more }),
  uscg: (more) => uscg(geometry, { lr, polar, ...more }),
  scion: (more) => scion(geometry, { lr, radii: { "": 2, table: 3 }, ...more }),
  almond: (more) => almond(geometry, { lr, ...more }),
  modularDescent: (more) => modularDescent(geometry, { lr, nesterov: true, ...more }),
  normalizedModularDescent: (more) => normalizedModularDescent(geometry, { lr, ...more }),
  nsd: (more) => nsd(geometry, { lr, ...more }),
  nmd: (more) => nmd(geometry, { lr, ...more }),
  gluon: (more) => gluon(geometry, { lr, smoothness: { "": { l0: 0, l1: 1 } }, ...more }),
};

/** Optimizers whose steps do. */
export const scaled: Readonly<Record<string, Make>> = {
  sgd: (more) => sgd({ lr, momentum: 0.9, nesterov: true, ...more }),
  agd: (more) => agd({ lr, ...more }),
  iso: (more) => {
    return iso({ lr, moments: (path) => layerMoments(MATRICES[path] ?? []), ...more });
  },
  steepestDescent: (more) => steepestDescent(geometry, { sharpness: 8, ...more }),
  stochasticSpectralDescent: (more) => stochasticSpectralDescent(geometry, { lr: 0.01, ...more }),
  rmsSpectral: (more) => rmsSpectral(geometry, { lr, ...more }),
  adaSpectral: (more) => adaSpectral(geometry, { lr, ...more }),
  mirrorDescent: (more) => mirrorDescent({ lr, potential: pNorm(1.5), ...more }),
};

/** All of them. */
export const family: Readonly<Record<string, Make>> = { ...scaleFree, ...scaled };

/** The weights that an optimizer of the family takes. */
export function shapesOf(name: string): Shapes {
  if (name === "iso") return MATRICES;
  return name === "agd" ? NO_VECTORS : SHAPES;
}
