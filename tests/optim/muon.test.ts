import * as assert from "uvu/assert";
import { scale, scope, tensor } from "../../autograd/index.ts";
import type { Tensor, Tree } from "../../autograd/index.ts";
import { CONVERGED, compose, embed, linear, relu, rms, rmsToRms, spectral, withMass } from
  "../../nn/index.ts";
import { muon } from "../../optim/index.ts";
import type { MuonScale } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { array64, map64, matmul64, polar64, scale64, singularValues64, sub64, transpose64, zip64 }
  from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { Memory64, assertFollows, assertTree, mapTree, onDevice, randomTree, read64 } from
  "./trees.ts";
import type { FlatTree, Reference, Shapes } from "./trees.ts";

const test = suite("muon");

const SHAPES: Shapes = { tall: [6, 3], wide: [3, 6], long: [2, 9] };

// Any list of norms by path is a module to the optimizer.
const matrices = {
  entries: Object.keys(SHAPES).map((path, i) => {
    return { path, norm: i === 0 ? rmsToRms : spectral, share: 1 };
  }),
};

const sides = ({ shape: [m = 1, n = 1] }: Array64): readonly [number, number] => [m, n];

const scales: Readonly<Record<MuonScale, (m: number, n: number) => number>> = {
  original: (m, n) => Math.sqrt(Math.max(1, m / n)),
  moonlight: (m, n) => 0.2 * Math.sqrt(Math.max(m, n)),
  modula: (m, n) => Math.sqrt(m / n),
  none: () => 1,
};

interface Hyper {
  readonly lr: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  readonly scale: MuonScale;
}

function muon64(hyper: Hyper, orthogonal: (x: Array64) => Array64): Reference {
  const { lr, momentum: beta, nesterov, weightDecay, scale: name } = hyper;
  const memory = new Memory64();
  return (w, g, _, path) => {
    const m = memory.update(path, g, (before, x) => beta * before + (1 - beta) * x);
    const u = nesterov ? zip64(g, m, (x, y) => (1 - beta) * x + beta * y) : m;
    const size = scales[name](...sides(w));
    return zip64(w, orthogonal(u), (x, o) => (1 - lr * weightDecay) * x - lr * size * o);
  };
}

// Five steps of the published quintic, in float64.
function jordan64(g: Array64): Array64 {
  const size = Math.sqrt(g.data.reduce((sum, x) => sum + x * x, 0));
  let x = map64(g, (v) => v / size);
  for (let k = 0; k < 5; k++) {
    const gram = matmul64(x, transpose64(x));
    const inner = zip64(gram, matmul64(gram, gram), (a, b) => -4.775 * a + 2.0315 * b);
    x = zip64(x, matmul64(inner, x), (a, b) => 3.4445 * a + b);
  }
  return x;
}

// float32 in the iteration: its slope at 0 is 485, and five steps of it
const ITERATION = { rtol: 2e-4, atol: 2e-4 };

test("the defaults are the published ones", async ({ rng }) => {
  using optimizer = muon(matrices);
  const hyper: Hyper = {
    lr: 0.02, momentum: 0.95, nesterov: true, weightDecay: 0, scale: "original",
  };

  await assertFollows(rng, {
    optimizer, reference: muon64(hyper, jordan64), shapes: SHAPES, tolerance: ITERATION,
  });
});

const cases: Readonly<Record<string, Hyper>> = {
  "Moonlight's size and decay": {
    lr: 0.125, momentum: 0.95, nesterov: true, weightDecay: 0.1, scale: "moonlight",
  },
  "Modula's size": {
    lr: 0.125, momentum: 0.9, nesterov: true, weightDecay: 0, scale: "modula",
  },
  "no size and no look ahead": {
    lr: 0.125, momentum: 0.95, nesterov: false, weightDecay: 0, scale: "none",
  },
};

for (const [name, hyper] of Object.entries(cases)) {
  test(`${name} follow the exact polar factor`, async ({ rng }) => {
    using optimizer = muon(matrices, { ...hyper, polar: CONVERGED });

    await assertFollows(rng, {
      optimizer, reference: muon64(hyper, polar64), shapes: SHAPES, tolerance: ITERATION,
    });
  });
}

test("all singular values of an update are near the scale's", async ({ rng }) => {
  using optimizer = muon(matrices, { lr: 0.5 });
  const start = randomTree(rng, SHAPES);
  const weights = onDevice(start);
  optimizer.step(weights, onDevice(randomTree(rng, SHAPES)));

  const after = await read64(weights);
  for (const [path, w] of Object.entries(start)) {
    const update = scale64(sub64(w, after[path] as Array64), 1 / 0.5);
    for (const s of singularValues64(update)) {
      const unit = s / scales.original(...sides(w));
      assert.ok(unit > 0.47 && unit < 1.21, `${path}: ${unit}`); // the image of [1e-3, 1]
    }
  }
});

test("the last two axes are the matrix, leading ones a batch", async ({ rng }) => {
  const shape = [2, 3, 4];
  const stacked = { entries: [{ path: "w", norm: spectral, share: 1 }] };
  const apart = { entries: [{ path: "a", norm: spectral, share: 1 },
    { path: "b", norm: spectral, share: 1 }] };
  using together = muon(stacked);
  using separate = muon(apart);
  const { w, g } = randomTree(rng, { w: shape, g: shape }) as Record<"w" | "g", Array64>;
  const half = (x: Array64, i: number): Array64 => {
    return array64([3, 4], x.data.slice(i * 12, i * 12 + 12));
  };
  const halves = (x: Array64): Record<string, Tensor> => {
    return onDevice({ a: half(x, 0), b: half(x, 1) });
  };
  const [whole, parts] = [onDevice({ w }), halves(w)];
  together.step(whole, onDevice({ w: g }));
  separate.step(parts, halves(g));

  const expected = await read64(parts);
  const { w: got } = await read64(whole) as { readonly w: Array64 };
  assert.equal(half(got, 0), expected["a"]);
  assert.equal(half(got, 1), expected["b"]);
});

const module = compose(
  linear(3, 5, { label: "head", bias: true }), relu(),
  withMass(linear(5, 5, { label: "still" }), 0), linear(5, 4, { label: "hidden" }),
  embed(4, 7, { label: "table" }),
);
const moduleShapes = Object.fromEntries(module.entries.map(({ path, shape }) => [path, shape]));

function nested(tree: FlatTree): Tree {
  return module.toTree(module.weightPaths.map((path) => tree[path] as Tensor));
}

test("the module's norms say which rule moves which weight", ({ rng }) => {
  const weights = nested(onDevice(randomTree(rng, moduleShapes)));

  assert.equal(muon(module).routes(weights), {
    "table.weight": "adamw", "hidden.weight": "muon", "still.weight": "frozen",
    "head.weight": "muon", "head.bias": "adamw",
  });
});

test("routes send a weight, or all below a name, to another rule", ({ rng }) => {
  const weights = nested(onDevice(randomTree(rng, moduleShapes)));
  const routes = { head: "adamw", "head.bias": "frozen", table: "muon" } as const;

  assert.equal(muon(module, { routes }).routes(weights), {
    "table.weight": "muon", "hidden.weight": "muon", "still.weight": "frozen",
    "head.weight": "adamw", "head.bias": "frozen",
  });
});

function adamw64(lr: number): Reference {
  const [first, second] = [new Memory64(), new Memory64()];
  return (w, g, t, path) => {
    const m = first.update(path, g, (before, x) => 0.9 * before + 0.1 * x);
    const v = second.update(path, g, (before, x) => 0.95 * before + 0.05 * x * x);
    const root = map64(v, (x) => Math.sqrt(x / (1 - 0.95 ** t)) + 1e-10);
    return zip64(w, zip64(m, root, (x, r) => x / (1 - 0.9 ** t) / r), (x, d) => x - lr * d);
  };
}

test("weights that are not for Muon follow its AdamW, frozen ones stay", async ({ rng }) => {
  using optimizer = muon(module, { schedule: () => 0.5 });
  const rates: Hyper = {
    lr: 0.01, momentum: 0.95, nesterov: true, weightDecay: 0, scale: "original",
  };
  const [orthogonal, auxiliary] = [muon64(rates, jordan64), adamw64(1.5e-4)];
  const reference: Reference = (w, g, t, path) => {
    if (path === "still.weight") return w;
    return /^(hidden|head)\.weight$/.test(path) ? orthogonal(w, g, t, path)
      : auxiliary(w, g, t, path);
  };
  const flat = {
    step: (w: FlatTree, g: FlatTree) => optimizer.step(nested(w), nested(g)),
  };

  await assertFollows(rng, {
    optimizer: flat, reference, shapes: moduleShapes, tolerance: ITERATION,
  });
});

test("both rules have a learning rate of their own", async ({ rng }) => {
  using optimizer = muon(module, { adamw: { lr: 0.01 } });
  optimizer.lr = 0;
  const start = randomTree(rng, moduleShapes);
  const flat = onDevice(start);
  const grads = nested(onDevice(randomTree(rng, moduleShapes)));
  optimizer.step(nested(flat), grads);
  const once = await read64(flat);
  optimizer.setLr(0.02);
  optimizer.setLr(0, "adamw");
  optimizer.step(nested(flat), grads);
  const twice = await read64(flat);

  assert.equal(once["hidden.weight"], start["hidden.weight"]);
  assert.not.equal(once["table.weight"], start["table.weight"]);
  assert.not.equal(twice["hidden.weight"], once["hidden.weight"]);
  assert.equal(twice["table.weight"], once["table.weight"]);
  assert.equal(optimizer.rates, { muon: 0.02, adamw: 0 });
});

test("the scale of the gradients does not matter, to the bit by powers of two", async ({ rng }) => {
  const start = randomTree(rng, SHAPES);
  const grads = [randomTree(rng, SHAPES), randomTree(rng, SHAPES)];
  const run = async (factor: number): Promise<unknown> => {
    using optimizer = muon(matrices);
    const weights = onDevice(start);
    for (const g of grads) {
      scope(() => optimizer.step(weights, mapTree(onDevice(g), (x) => scale(x, factor))));
    }
    return read64(weights);
  };
  const expected = await run(1);

  assert.equal(await run(2 ** -66), expected); // 1.4e-20
  assert.equal(await run(2 ** 66), expected);
});

test("zero gradients change nothing", async ({ rng }) => {
  using optimizer = muon(module);
  const start = randomTree(rng, moduleShapes);
  const weights = onDevice(start);
  const zero = nested(onDevice(randomTree(rng, moduleShapes, 0)));
  for (let t = 0; t < 3; t++) optimizer.step(nested(weights), zero);

  await assertTree(weights, start, { rtol: 0, atol: 0 });
});

test("bad options and routes are refused", ({ rng }) => {
  const refuses = (message: RegExp, options: object): void => {
    assert.throws(() => muon(module, options), message);
  };

  refuses(/^muon: scale is out of range: "keller"\. Use original, moonlight, modula, none\.$/, {
    scale: "keller",
  });
  refuses(/^muon: polar is out of range: 5\. Use a set with `coefficients`/, { polar: 5 });
  refuses(/^muon adamw: betas is out of range: \[1, 0\]\. Use two numbers in \[0, 1\)\.$/, {
    adamw: { betas: [1, 0] },
  });
  refuses(/^muon adamw: unknown option: momentum\. Use lr, betas, eps, weightDecay\.$/, {
    adamw: { momentum: 0 },
  });
  refuses(/^muon routes: head is out of range: "sgd"\. Use muon, adamw, frozen\.$/, {
    routes: { head: "sgd" },
  });
  refuses(/^muon: a route to no parameter: hed\. There are table\.weight, hidden\.weight, /, {
    routes: { hed: "adamw" },
  });
  const vector = { entries: [{ path: "b", norm: rms, share: 1 }] };
  using optimizer = muon(vector, { routes: { b: "muon" } });
  const { b } = onDevice(randomTree(rng, { b: [3] })) as { readonly b: Tensor };
  assert.throws(
    () => optimizer.step({ b }, { b }),
    /^muon: a parameter has too few axes: b is \[3\], needs 2\. Give it another rule or norm\.$/,
  );
  assert.throws(
    () => optimizer.step({ c: b }, { c: tensor([1, 2, 3]) }),
    /^muon: a parameter is missing: b\. Step the module's whole tree\.$/,
  );
  assert.throws(
    () => optimizer.setLr(1, "adam"),
    /^muon: no such rule: adam\. Use muon or adamw\.$/,
  );
});

test.run();
