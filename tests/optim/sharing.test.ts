import * as assert from "uvu/assert";
import { rng as makeRng } from "../../autograd/index.ts";
import { type Module, compose, linear } from "../../nn/index.ts";
import { type Optimizer, adaSpectral, dion, gluon, modularDescent, muon, nmd,
  normalizedModularDescent, normuon, nsd, rmsSpectral, scion, shampoo, steepestDescent,
  stochasticSpectralDescent, uscg } from "../../optim/index.ts";
import { suite } from "../harness.ts";

const test = suite("matrices worked on together");

const MAKERS: Readonly<Record<string, (module: Module) => Optimizer>> = {
  modularDescent, muon, normuon, dion, scion: (m) => scion(m, { lr: 0.1 }),
  uscg: (m) => uscg(m, { lr: 0.1 }), nsd: (m) => nsd(m, { lr: 0.1 }),
  nmd: (m) => nmd(m, { lr: 0.1 }),
  gluon: (m) => gluon(m, { smoothness: { "": { l0: 1, l1: 1 } } }),
  steepestDescent: (m) => steepestDescent(m, { sharpness: 1 }),
  stochasticSpectralDescent: (m) => stochasticSpectralDescent(m, { lr: 0.1 }),
  rmsSpectral: (m) => rmsSpectral(m, { lr: 0.1 }),
  adaSpectral: (m) => adaSpectral(m, { lr: 0.1 }),
  normalizedModularDescent, shampoo: () => shampoo({ lr: 0.1 }),
  "muon, clipped by the dual norm": (m) => muon(m, { clip: { dual: { "": 1 } } }),
};

/**
 * Dispatches for one more matrix at most, where an iteration takes 18 or more: for its sums, its
 * place in stacks, its step.
 */
const MOST = 6;
/** More for the neurons, the factors and the Gram matrices of each. */
const MORE: Readonly<Record<string, number>> = { normuon: 14, dion: 12, shampoo: 18 };

for (const [name, make] of Object.entries(MAKERS)) {
  test(`${name}: one more matrix of a shape takes no iteration of its own`, ({ device }) => {
    const count = (layers: number): number => {
      const list = Array.from({ length: layers }, (_, i) => linear(6, 6, { label: `l${i}` }));
      const tower = compose(...list);
      using optimizer = make(tower);
      const weights = tower.initialize(makeRng(7));
      optimizer.step(weights, weights); // makes the state
      const before = device.counts.dispatches;
      optimizer.step(weights, weights);
      device.flush();
      return device.counts.dispatches - before;
    };

    const each = (count(8) - count(2)) / 6;
    assert.ok(each <= (MORE[name] ?? MOST), `${each} for each`);
  });
}

test.run();
