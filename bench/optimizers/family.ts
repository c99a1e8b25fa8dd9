// Every optimizer of the package, as it is usually used, with the memory that it should take.

import type { Shape } from "../../autograd/index.ts";
import type { Module } from "../../nn/index.ts";
import { type LayerMoments, type Optimizer, type Schedule, adaSpectral, adagrad, adam, adamw, agd,
  almond, dion, fromage, gluon, iso, isoAdamTensor, lamb, lars, lion, mirrorDescent,
  modularDescent, muon, nmd, normalizedModularDescent, normalizedSgd, normuon, nsd, pNorm,
  rmsSpectral, rmsprop, scg, scion, sgd, shampoo, signSgd, signum, soap, steepestDescent,
  stochasticSpectralDescent, uscg } from "../../optim/index.ts";

/** What an optimizer is made for. */
export interface Setting {
  readonly module: Module;
  readonly lr: number;
  /** Of the learning rate; `nsd` and `nmd` keep their own. */
  readonly schedule?: Schedule;
  /** For `iso`: the moments of a weight's layer. */
  readonly moments: (path: string) => LayerMoments;
  /** Longest side that `shampoo` and `soap` precondition. */
  readonly maxSide: number;
}

/** A weight, as far as memory goes. */
export interface Leaf {
  readonly shape: Shape;
  /** Whether optimizers for matrices move it by their own rule. */
  readonly matrix: boolean;
  /** As in `Setting`. */
  readonly maxSide: number;
}

/** State of an optimizer. */
export interface StateFormula {
  /** Bytes a parameter, for people; m and n are the sides of a matrix. */
  readonly text: string;
  /** Numbers that are kept for a weight. */
  readonly numbers: (leaf: Leaf) => number;
}

/** One optimizer. */
export interface Member {
  readonly name: string;
  readonly state: StateFormula;
  /** What else there is to know of how it is used here. */
  readonly note?: string;
  /** Steps after which it does the same again, 1 but for those that decompose now and then. */
  readonly period: number;
  /** Decomposes matrices of every side, however long. */
  readonly unbounded?: boolean;
  readonly make: (setting: Setting) => Optimizer;
}

/** Decay of momentum where an optimizer has none by default. */
const MOMENTUM = 0.9;
/** Steps from one decomposition of Gram matrices or moments to the next. */
const EVERY = 20;
/** The same of SOAP, as published. */
const REFRESH = 10;
/** Rate of AdamW beside that of matrices: its updates are per entry. */
const REST = 0.1;

const sizeOf = ({ shape }: Leaf): number => shape.reduce((n, d) => n * d, 1);
const sidesOf = ({ shape }: Leaf): readonly [number, number] => [shape[0] ?? 1, shape[1] ?? 1];
const squares = ({ shape, maxSide }: Leaf): number => {
  return shape.reduce((sum, d) => sum + (d <= maxSide ? d * d : 0), 0);
};

const NONE: StateFormula = { text: "0", numbers: () => 0 };
const ONE: StateFormula = { text: "4", numbers: sizeOf };
const TWO: StateFormula = { text: "8", numbers: (leaf) => 2 * sizeOf(leaf) };

/** Of optimizers whose other weights go to AdamW. */
function matrices(text: string, numbers: (leaf: Leaf) => number): StateFormula {
  return {
    text: `${text}, others 8`,
    numbers: (leaf) => (leaf.matrix ? numbers(leaf) : 2 * sizeOf(leaf)),
  };
}

const companion = ({ lr }: Setting) => ({ adamw: { lr: REST * lr } });
const scheduled = ({ schedule }: Setting) => (schedule ? { schedule } : {});

type Common = { readonly lr: number; readonly schedule?: Schedule };
type Make = (setting: Setting, common: Common) => Optimizer;

function member(
  name: string, state: StateFormula, make: Make,
  more: Partial<Pick<Member, "note" | "period" | "unbounded">> = {},
): Member {
  return {
    name, state, period: 1, ...more,
    make: (setting) => make(setting, { lr: setting.lr, ...scheduled(setting) }),
  };
}

/** Radius of the last layer where weights stay in balls: logits in a ball of one say little. */
const HEAD_RADIUS = 10;

function radiiOf({ entries }: Module): Readonly<Record<string, number>> {
  const last = entries.at(-1)?.path ?? "";
  return { "": 1, [last]: HEAD_RADIUS };
}

const RADII = { note: `radius ${HEAD_RADIUS} for the last layer, else 1` };
const REST_RULE = { note: "AdamW for tables, at a tenth of the rate" };
const FALLING = { note: "rate falls as 1 / sqrt(step)" };

const byNorms: readonly Member[] = [
  member("modularDescent", ONE, ({ module }, common) => modularDescent(module, common)),
  member("scion", ONE, ({ module }, common) => {
    return scion(module, { ...common, radii: radiiOf(module) });
  }, RADII),
  member("scg", ONE, ({ module }, common) => {
    return scg(module, { ...common, radii: radiiOf(module) });
  }, RADII),
  member("uscg", ONE, ({ module }, common) => uscg(module, common)),
  member("almond", ONE, ({ module }, common) => almond(module, common)),
  member("gluon", ONE, ({ module }, common) => {
    return gluon(module, { ...common, smoothness: { "": { l0: 1, l1: 1 } } });
  }, { note: "l0 = l1 = 1" }),
  member("steepestDescent", NONE, ({ module }, { lr, ...common }) => {
    return steepestDescent(module, { sharpness: 1 / lr, ...common });
  }, { note: "rate: 1 / sharpness" }),
  member("nsd", NONE, ({ module, lr }) => nsd(module, { lr }), FALLING),
  member("nmd", ONE, ({ module, lr }) => nmd(module, { lr }), FALLING),
  member("normalizedModularDescent", TWO, ({ module }, common) => {
    return normalizedModularDescent(module, common);
  }),
  member("stochasticSpectralDescent", NONE, ({ module }, common) => {
    return stochasticSpectralDescent(module, common);
  }),
];

const byMatrices: readonly Member[] = [
  member("muon", matrices("4", sizeOf), (setting, common) => {
    return muon(setting.module, { ...common, ...companion(setting) });
  }, REST_RULE),
  member("normuon", matrices("4 + 4/n", (leaf) => sizeOf(leaf) + sidesOf(leaf)[0]),
    (setting, common) => normuon(setting.module, { ...common, ...companion(setting) }), REST_RULE),
  member("dion", matrices("4 + 4 min(m, n)/m", (leaf) => {
    const [m, n] = sidesOf(leaf);
    return m * n + n * Math.min(m, n);
  }), (setting, common) => dion(setting.module, { ...common, ...companion(setting) }), REST_RULE),
  member("rmsSpectral", ONE, ({ module }, common) => rmsSpectral(module, common),
    { note: "RMSprop for tables" }),
  member("adaSpectral", ONE, ({ module }, common) => adaSpectral(module, common),
    { note: "Adagrad for tables" }),
];

const byFactors: readonly Member[] = [
  member("shampoo", {
    text: "8 (m/n + n/m)", numbers: (leaf) => 2 * squares(leaf) + 2,
  }, ({ maxSide }, common) => shampoo({ ...common, every: EVERY, maxSide }), {
    note: `roots every ${EVERY} steps`, period: EVERY,
  }),
  member("soap", {
    text: "8 + 8 (m/n + n/m)",
    numbers: (leaf) => 2 * sizeOf(leaf) + 2 * squares(leaf) + Number(squares(leaf) > 0),
  }, ({ maxSide }, common) => soap({ ...common, every: REFRESH, maxSide }), {
    note: `bases every ${REFRESH} steps`, period: REFRESH,
  }),
  member("iso", {
    text: "4 + 4 (m/n + n/m)",
    numbers: (leaf) => sizeOf(leaf) + leaf.shape.reduce((sum, d) => sum + d * d, 0),
  }, ({ moments }, common) => iso({ ...common, moments, every: EVERY }), {
    note: `roots every ${EVERY} steps`, period: EVERY, unbounded: true,
  }),
];

const byEntries: readonly Member[] = [
  member("sgd", ONE, (_, common) => sgd({ ...common, momentum: MOMENTUM }), {
    note: `momentum ${MOMENTUM}`,
  }),
  member("adam", TWO, (_, common) => adam(common)),
  member("adamw", TWO, (_, common) => adamw(common)),
  member("rmsprop", ONE, (_, common) => rmsprop(common)),
  member("adagrad", ONE, (_, common) => adagrad(common)),
  member("lion", ONE, (_, common) => lion(common)),
  member("signSgd", NONE, (_, common) => signSgd(common)),
  member("signum", ONE, (_, common) => signum(common)),
  member("normalizedSgd", ONE, (_, common) => normalizedSgd(common)),
  member("isoAdamTensor", { text: "4", numbers: (leaf) => sizeOf(leaf) + 1 },
    (_, common) => isoAdamTensor(common)),
  member("lars", ONE, (_, common) => lars(common)),
  member("lamb", TWO, (_, common) => lamb(common)),
  member("agd", NONE, (_, common) => agd(common)),
  member("fromage", NONE, (_, common) => fromage(common)),
  member("mirrorDescent", NONE, (_, common) => {
    return mirrorDescent({ ...common, potential: pNorm(1.5) });
  }, { note: "p-norm, p = 1.5" }),
];

/** All of them, in the order of the package's README. */
export const FAMILY: readonly Member[] = [...byNorms, ...byMatrices, ...byFactors, ...byEntries];
