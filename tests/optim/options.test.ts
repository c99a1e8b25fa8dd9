// Hyper-parameters that no optimizer takes, and weights that none covers.

import * as assert from "uvu/assert";
import { ShapeError, ones, tensor } from "../../autograd/index.ts";
import { compose, convRmsToRms, linear, named, rms, rmsToRms, schatten } from "../../nn/index.ts";
import * as optim from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";
import { geometry } from "./family.ts";
import { inNorm } from "./side_by_side.ts";
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

test("every optimizer of a module refuses shares that are no finite number from 0 on", () => {
  for (const [name, options] of Object.entries(byModule)) {
    for (const share of [NaN, -1, Infinity, undefined as unknown as number]) {
      const entries = geometry.entries.map((e) => (e.path === "tall" ? { ...e, share } : e));

      assert.throws(
        () => (exports[name] as Factory)({ entries }, options),
        (error: Error) => error instanceof RangeError && error.message
          === `${name}: the share of tall is out of range: ${share}. Use a finite number >= 0.`,
      );
    }
  }
});

test("conditional gradients refuse sets of steps with no steps, or bad ones", () => {
  const bad: readonly object[] = [
    {}, { safety: 1.01 }, { coefficients: 5 }, { coefficients: [[1, 2, NaN]] },
  ];
  for (const make of [optim.scg, optim.uscg, optim.scion, optim.almond]) {
    for (const polar of bad) {
      assert.throws(
        () => make(geometry, { polar: polar as never }),
        new RegExp(`^${make.name}: polar is out of range: .*\\. Use a set with .coefficients`),
      );
    }
  }
});

test("a step that leads out of the ball is refused, by all factors of the rate", () => {
  const refuses = (name: string, optimizer: optim.Optimizer): void => {
    const w = tensor([[1, 2], [3, 4]]);
    assert.throws(
      () => optimizer.step({ w }, { w }),
      new RegExp(`^${name}: the step leads out of the ball: lr 2 > 1\\. Use at most 1\\.$`),
    );
    optimizer.dispose();
  };
  const square = inNorm(rmsToRms, { w: [2, 2] });

  refuses("scg", optim.scg(square, { lr: 2 }));
  refuses("scion", optim.scion(square, { lr: 0.5, lrFactors: { w: 4 } }));
  refuses("scion", optim.scion(square, { lr: 0.5, schedule: () => 4, light: true }));
  refuses("almond", optim.almond(square, { lr: 2, constrained: true }));
});

test("a potential without a move is refused", () => {
  for (const move of [undefined, 5]) {
    assert.throws(
      () => optim.mirrorDescent({ lr: 1, potential: { name: "none", move } as never }),
      new RegExp(`^mirrorDescent: move of the potential is out of range: ${move}\\. Use a function `
        + "of weight and step, as negativeEntropy has\\.$"),
    );
  }
});

test("Dion refuses weights with too few axes for their norm, and nothing changes", async () => {
  for (const shape of [[3, 2], [3, 2, 2]]) {
    const w = ones(shape);
    using optimizer = optim.dion(inNorm(convRmsToRms, { w: shape }));

    assert.throws(
      () => optimizer.step({ w }, { w: ones(shape) }),
      new RegExp(`^dion: a parameter has too few axes: w is \\[${shape.join(", ")}\\], needs 4\\. `
        + "Give it another rule or norm\\.$"),
    );
    assert.equal(optimizer.state, { optimizer: "dion", step: 0, trees: {} });
    assert.ok((await w.read()).every((x) => x === 1));
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

test("options that are no plain object are refused", () => {
  const other = linear(1, 2);
  const kinds = [
    [0.5, "0\\.5"], [[], "\\[\\]"], [null, "null"], [() => 1, "a function"], ["lr", '"lr"'],
    [tensor(1), "a tensor"], [other, "a module"], [new Map(), "an object"],
  ] as const;
  for (const name of [...Object.keys(plain), ...Object.keys(byModule)]) {
    for (const [options, kind] of kinds) {
      assert.throws(
        () => make(name, options as never),
        new RegExp(`^${name}: the options are not a plain object: ${kind}\\. Give `),
      );
    }
  }
  assert.throws(() => optim.adam(other as object),
    /: a module\. Give options only: an object with lr, betas, eps, /);
  assert.throws(() => new optim.GradientBuffer({ w: tensor(1) }, 4 as never),
    /^GradientBuffer: the options are not a plain object: 4\. Give an object with dtype\.$/);
});

test("options that must be given are asked for where there are none", () => {
  for (const [name, given] of Object.entries({ ...plain, ...byModule })) {
    const [required] = Object.keys(given);
    if (required === undefined) continue;
    const args = name in plain ? [] : [geometry];
    assert.throws(() => (exports[name] as Factory)(...args),
      new RegExp(`^${name}: option missing: ${required}\\. Give `));
  }
});

test("what to give in place of a bad option is said by an example", () => {
  const refuses = (options: object, message: RegExp): void => {
    assert.throws(() => optim.muon(geometry, options), message);
  };

  refuses({ clip: 1 }, /^muon: clip is out of range: 1\. Use an object, as \{ norm: 1 \}\.$/);
  refuses({ clip: [] }, /^muon: clip is out of range: \[\]\. Use an object, as \{ norm: 1 \}\.$/);
  refuses({ lrFactors: 2 },
    /^muon: lrFactors is out of range: 2\. Use an object, as \{ head: 0\.1 \}\.$/);
  refuses({ norms: 2 },
    /^muon: norms is out of range: 2\. Use an object, as \{ head: spectral \}\.$/);
  refuses({ adamw: 2 }, /^muon: adamw is out of range: 2\. Use an object, as \{ lr: 3e-4 \}\.$/);
  refuses({ reduce: 3 }, /^muon: reduce is out of range: 3\. Use a function of the gradients\.$/);
  refuses({ routes: { "": "adam" } },
    /^muon routes: all is out of range: "adam"\. Use muon, adamw, frozen\.$/);
});

test("factors of rates are for parameters that there are", () => {
  assert.throws(
    () => optim.muon(geometry, { lrFactors: { heads: 2 } }),
    /^muon: a factor of lr to no parameter: heads\. There are square, tall, kernel, table, bias\.$/,
  );
});

test("a norm in place of the module's own has to fit the weight", async () => {
  const module = compose(linear(8, 4, { bias: true }), named("last", linear(4, 8)));
  const refuses = (
    norms: Readonly<Record<string, unknown>>, kind: typeof TypeError | typeof ShapeError,
    message: string,
  ): void => {
    for (const name of ["muon", "dion", "modularDescent", "scion", "rmsSpectral"] as const) {
      assertThrows(
        () => (exports[name] as Factory)(module, { ...byModule[name], norms }), kind,
        `${name}: ${message}`,
      );
    }
  };

  refuses({ last: rms }, ShapeError, "the norm does not fit the weight: rms takes 1 axes, "
    + "last.weight is [4, 8]. Choose another norm, or stacked().");
  refuses({ "linear.bias": rmsToRms }, ShapeError, "the norm does not fit the weight: rmsToRms "
    + "takes 2 axes, linear.bias is [8]. Choose another norm.");
  refuses({ "": "rmsToRms" }, TypeError, 'not a norm: "rmsToRms" for all. Give one, as rmsToRms.');
  refuses({ last: schatten }, TypeError, "not a norm: a function for last. Give one, as rmsToRms.");
  refuses({ last: null }, TypeError, "not a norm: null for last. Give one, as rmsToRms.");
});

test("a norm that a weight does not go by need not fit it", () => {
  const module = compose(linear(8, 4, { bias: 0 }), named("last", linear(4, 8, { mass: 0 })));
  using descent = optim.modularDescent(module, { norms: { last: rms, "linear.bias": rmsToRms } });
  const routes = { last: "adamw" } as const;
  using muon = optim.muon(module, { norms: { last: rms }, routes });

  assert.is(descent.steps + muon.steps, 0);
});

test.run();
