// Hyper-parameters that no optimizer takes, and weights that none covers.

import * as assert from "uvu/assert";
import { tensor } from "../../autograd/index.ts";
import * as optim from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { geometry } from "./family.ts";
import { onDevice, randomTree } from "./trees.ts";

const test = suite("optimizer options");

type Options = Readonly<Record<string, unknown>>;
type Factory = (...args: readonly unknown[]) => unknown;

// What must be given, by the names of the optimizers that do not go by a module.
const plain: Readonly<Record<string, Options>> = {
  sgd: { lr: 1 }, normalizedSgd: { lr: 1 }, signSgd: { lr: 1 }, signum: { lr: 1 }, lion: {},
  rmsprop: {}, adagrad: {}, isoAdamTensor: {}, adam: {}, adamw: {}, lars: { lr: 1 }, lamb: {},
  fromage: {}, agd: {}, shampoo: { lr: 1 }, soap: {}, iso: { lr: 1, moments: () => ({}) },
  mirrorDescent: { lr: 1, potential: optim.quadratic },
};
// Of those that do.
const byModule: Readonly<Record<string, Options>> = {
  modularDescent: {}, normalizedModularDescent: {}, muon: {}, normuon: {}, dion: {}, scg: {},
  uscg: {}, scion: {}, almond: {}, gluon: { smoothness: { "": { l0: 1, l1: 1 } } },
  nsd: { lr: 1 }, nmd: { lr: 1 }, stochasticSpectralDescent: { lr: 1 }, rmsSpectral: { lr: 1 },
  adaSpectral: { lr: 1 }, steepestDescent: { sharpness: 1 },
};

const exports: Readonly<Record<string, unknown>> = { ...optim };
const make = (name: string, options: Options): void => {
  const factory = exports[name] as Factory;
  const args = name in plain ? [options] : [geometry, options];
  (factory(...args) as Disposable)[Symbol.dispose]();
};

// Values out of range by the names of options; every optimizer that has the option refuses them.
const bad: Readonly<Record<string, readonly unknown[]>> = {
  lr: [-1, NaN, Infinity, "1"],
  momentum: [-0.1, 1, NaN], beta: [-0.1, 1, NaN], beta2: [1, NaN], gramBeta: [1, NaN],
  betas: [[0.9], [0.9, 1], [-0.1, 0.9], [NaN, 0.9], 0.9],
  eps: [-1, NaN], weightDecay: [-1, NaN], damping: [-1, NaN], trust: [-1, NaN], bound: [0, NaN],
  sharpness: [0, -1, NaN, Infinity], exponent: [0, 0.25, NaN], start: [-1, NaN, "end"],
  rateDecay: [-1, NaN], every: [0, 1.5, NaN], maxSide: [0, NaN], rank: [0, 1.5, NaN],
  radii: [{ "": 0 }, { "": NaN }, 2], schedule: [1], onNonFinite: ["ignore", true],
  dampening: [-1, 2, NaN], nesterov: [1], amsgrad: ["yes"], centered: [1], constrained: [1],
  lrFactors: [2, { "": -1 }, { "": NaN }], reduce: [1], master: [1],
  clip: [1, { norm: 0 }, { norm: NaN }, { dual: 1 }, { dual: { "": -1 } }],
  state: ["f64", 2, null, { momentum: "i32" }],
  light: [1], together: [1], form: ["neither"], polar: [5], norms: [5], routes: [5], scale: ["big"],
};

// Which options an optimizer has, by what it says of one that it does not have.
function optionsOf(name: string, given: Options): string[] {
  try {
    make(name, { ...given, nonsense: 1 });
  } catch (error) {
    const { message } = error as Error;
    const found = new RegExp(`^${name}: unknown option: nonsense\\. Use (.*)\\.$`).exec(message);
    if (found?.[1]) return found[1].split(", ");
    throw error;
  }
  throw new Error(`${name} took an option that it does not know`);
}

for (const [name, given] of Object.entries({ ...plain, ...byModule })) {
  test(`${name} refuses hyper-parameters out of range, and ones it does not know`, () => {
    make(name, given);
    for (const option of optionsOf(name, given)) {
      for (const value of bad[option] ?? []) {
        assert.throws(
          () => make(name, { ...given, [option]: value }),
          (error: Error) => error instanceof RangeError && error.message.startsWith(`${name}: `),
          `${name} took ${option} ${String(value)}`,
        );
      }
    }
    for (const option of Object.keys(given)) {
      const rest = Object.fromEntries(Object.entries(given).filter(([key]) => key !== option));
      assert.throws(() => make(name, rest), new RegExp(`^${name}: option missing: ${option}\\. `));
    }
  });
}

test("every optimizer of a module refuses weights that it does not know", ({ rng }) => {
  const tree = onDevice(randomTree(rng, {
    square: [3, 3], tall: [4, 3], kernel: [3, 2, 2, 2], table: [5, 3], bias: [4], other: [2],
  }));
  for (const [name, options] of Object.entries(byModule)) {
    using optimizer = (exports[name] as Factory)(geometry, options) as optim.Optimizer;

    assert.throws(
      () => optimizer.step(tree, tree), new RegExp(`^${name}: no rule for a parameter: other\\. `),
    );
    assert.throws(() => optimizer.describe(tree), /: no rule for a parameter: other\. /);
    assert.throws(() => (exports[name] as Factory)(null, options), /: not a module: null\. /);
  }
});

test("the routing can be printed", ({ rng }) => {
  const tree = onDevice(randomTree(rng, { square: [3, 3], bias: [4] }));
  using optimizer = optim.muon(geometry, { routes: { bias: "frozen" } });

  assert.is(
    optimizer.describe(tree), "square  [3, 3]  muon    rmsToRms\nbias    [4]     frozen  rms",
  );
  assert.is(optim.sgd({ lr: 1 }).describe({ a: tensor([1]) }), "a  [1]  sgd");
});

test("vectors are refused where there is no step for them", () => {
  const b = tensor([1, 2]);
  using automatic = optim.agd();
  assert.throws(
    () => automatic.step({ b }, { b: tensor([1, 2]) }),
    /^agd: a parameter has too few axes: b is \[2\], needs 2\. Leave biases and gains out of the /,
  );
  for (const name of ["dion", "normuon", "muon"] as const) {
    const entries = geometry.entries.filter(({ path }) => path === "bias");
    using optimizer = (exports[name] as Factory)({ entries }, { routes: { bias: name } }) as
      optim.Optimizer;
    assert.throws(
      () => optimizer.step({ bias: b }, { bias: tensor([1, 2]) }),
      new RegExp(`^${name}: a parameter has too few axes: bias is \\[2\\], needs 2\\. `),
    );
  }
});

test.run();
