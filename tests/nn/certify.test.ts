// Certificates against float64: norms by an SVD, gains by sampling.

import * as assert from "uvu/assert";
import { full, tensor } from "../../autograd/index.ts";
import { type InputNorm, type Module, type Weights, abs, add, atom, attention, avgPool2d, bias,
  certify, compose, conv2d, embed, enumerate, exact, flatten, gain, gelu, layerNorm, linear, named,
  relu, residual, rmsDivide, rmsNorm, rmsToRms } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { type TestRng, suite } from "../harness.ts";
import { type Array64, random64, scale64, singularValues64 } from "../reference.ts";
import { device, drawTree, host } from "./helpers.ts";
import { randomModule } from "./random_module.ts";

const test = suite("certify");

/** Operator norm from RMS to RMS in float64. */
function rmsNorm64(w: Array64): number {
  const [m = 1, n = 1] = w.shape;
  return Math.sqrt(n / m) * (singularValues64(w)[0] ?? 0);
}

/** The bound in float64, by recursion over the module. */
function product64(module: Module, norms: number[]): number {
  const { kind, children, sensitivity } = module;
  if (kind === "atom") return norms.shift() ?? NaN;
  if (kind === "bond") return sensitivity;
  const parts = children.map((child) => product64(child, norms));
  return parts.reduce((a, b) => (kind === "tuple" ? a + b : a * b));
}

function draw64(rng: TestRng, module: Module): { list: Array64[]; weights: Weights } {
  const list = module.entries.map(({ shape }) => {
    return scale64(random64(rng, shape), 2 ** (rng.int(9) - 4)); // sizes of 1/16 to 16
  });
  const rounded = list.map((w) => ({ ...w, data: Float64Array.from(w.data, Math.fround) }));
  return { list: rounded, weights: module.toTree(rounded.map(device)) };
}

// A thousand in all, in parts that end in time on any adapter.
for (const part of [1, 2, 3, 4, 5]) {
  test(`is not below the float64 truth of 200 random networks, and close, part ${part}`, async (
    { rng },
  ) => {
    await compareNetworks(rng, part, 200);
  });
}

async function compareNetworks(rng: TestRng, part: number, count: number): Promise<void> {
  let worst = 0;
  for (let i = 0; i < count; i++) {
    const width = part + rng.int(4);
    const module = randomModule(rng, width, rng.int(3));
    const { list, weights } = draw64(rng, module);
    const truth = product64(module, list.map(rmsNorm64));
    const { bound, gap } = await certify(module, weights);
    for (const x of module.toList(weights)) x.dispose();
    if (!(bound >= truth)) throw new Error(`${bound} is below ${truth} for network ${i}`);
    if (!(gap < 0.02)) throw new Error(`network ${i} has a gap of ${gap}`);
    worst = Math.max(worst, bound / truth - 1);
  }
  if (!(worst < 0.02)) throw new Error(`up to ${worst} above the product of norms`);
}

/** The largest gain over random pairs, near and far; norms as `certify` takes them. */
async function sampledGain(
  rng: TestRng, module: Module, weights: Weights, shape: readonly number[], norm: Norm64,
): Promise<number> {
  let most = 0;
  for (let trial = 0; trial < 12; trial++) {
    const x = random64(rng, shape);
    const step = scale64(random64(rng, shape), 10 ** -rng.int(3));
    if (trial % 2) step.data.fill(0).fill(0.5, trial % 4, trial % 4 + 1); // one-hot
    const moved = { shape, data: x.data.map((v, i) => v + (step.data[i] ?? 0)) };
    const [y, z] = await Promise.all([x, moved].map(async (at) => {
      return host(module.forward(device(at), weights));
    })) as [Array64, Array64];
    const gone = y.data.map((v, i) => v - (z.data[i] ?? NaN));
    const taken = x.data.map((v, i) => Math.fround(moved.data[i] ?? NaN) - Math.fround(v));
    most = Math.max(most, largestRms({ ...y, data: gone }) / norm({ ...x, data: taken }));
  }
  return most;
}

type Norm64 = (x: Array64) => number;

/** Largest RMS of the features: the channels of images, else the last axis. */
function largestRms({ shape, data }: Array64): number {
  const channels = shape.length === 4 ? shape[1] ?? 1 : shape.at(-1) ?? 1;
  const places = shape.length === 4 ? (shape[2] ?? 1) * (shape[3] ?? 1) : 1;
  const sums = new Map<number, number>();
  data.forEach((x, i) => {
    const row = Math.floor(i / (channels * places)) * places + (i % places);
    sums.set(row, (sums.get(row) ?? 0) + x * x);
  });
  return Math.sqrt(Math.max(...sums.values()) / channels);
}

const norms64: Readonly<Record<InputNorm, Norm64>> = {
  rms: largestRms,
  l1: ({ data }) => data.reduce((sum, x) => sum + Math.abs(x), 0),
  l2: ({ data }) => Math.hypot(...data),
  linf: ({ data }) => Math.max(...data.map(Math.abs)),
};

const images = compose(
  linear(3, 4), flatten(), avgPool2d({ kernel: 4 }), relu(),
  conv2d(4, 4, 3, { padding: 1, groups: 2 }),
  gelu(), conv2d(4, 2, 3, { padding: 1, bias: true }),
);
const networks: readonly (readonly [string, Module, readonly number[]])[] = [
  ["a chain", compose(linear(3, 5), relu(), linear(5, 4, { bias: true })), [1, 4]],
  ["a residual network", compose(linear(2, 6), residual(compose(linear(6, 6), abs()), 3)), [1, 6]],
  ["gains and biases", compose(linear(3, 4), gain(4), bias(4), gelu()), [1, 4]],
  ["a convolutional network", images, [1, 2, 4, 4]],
];

for (const [name, module, shape] of networks) {
  for (const inputNorm of ["rms", "l1", "l2", "linf"] as const) {
    test(`no gain of ${name} in ${inputNorm} exceeds its certificate`, async ({ rng }) => {
      const weights = drawTree(rng, module);
      const { bound, layers, conditions } = await certify(module, weights, { inputNorm });
      const gain = await sampledGain(rng, module, weights, shape, norms64[inputNorm]);

      if (!(gain > 0 && gain <= bound * (1 + 1e-4))) { // differences of float32 outputs
        throw new Error(`a gain of ${gain} for ${bound}`);
      }
      assert.is(conditions.length, 0);
      assert.ok(layers.every(({ upper, lower, gap }) => upper >= lower && gap < 1e-3));
    });
  }
}

test("a linear chain attains its certificate, in every norm that has a tight bound", async () => {
  const w = tensor([3, 0, 0, 1, 0, 0], { shape: [2, 3] });
  const bounds = await Promise.all((["rms", "l1", "l2"] as const).map(async (inputNorm) => {
    return (await certify(linear(2, 3), { linear: { weight: w } }, { inputNorm })).bound;
  }));
  const sigma = Math.sqrt(10);

  // The first column has all: l2 sqrt(10), so its RMS is sqrt(5), which l1 and l2 reach alike.
  assertClose(bounds, [Math.sqrt(3 / 2) * sigma, Math.sqrt(5), Math.sqrt(5)], {
    rtol: 2e-5, atol: 0, // the margin for rounding
  });
});

test("singular values by decomposition leave no gap", async ({ rng }) => {
  const w = random64(rng, [5, 7]);
  const { bound, gap } = await certify(linear(5, 7), { linear: { weight: device(w) } }, {
    method: exact,
  });

  assertClose(bound, rmsNorm64(w), { rtol: 1e-6, atol: 0 }); // the weights' rounding to float32
  assert.ok(gap < 1e-11);
});

test("tokens are one-hot, a table's bound is its largest row, and positions do not move", async (
  { rng },
) => {
  const positions = compose(named("positions", embed(4, 9)), enumerate());
  const module = compose(linear(2, 4), add(named("tokens", embed(4, 5)), positions));
  const weights = drawTree(rng, module);
  const { bound, inputNorm, layers } = await certify(module, weights);
  const [rows, head] = [layers[0]?.upper ?? NaN, layers[2]?.upper ?? NaN];

  assert.equal(layers.map(({ path }) => path),
    ["tokens.weight", "positions.weight", "linear.weight"]);
  assert.equal([inputNorm, layers[0]?.norm, layers[2]?.norm], ["l1", "l1 to rms", "rms to rms"]);
  assertClose(bound, rows * head, { rtol: 1e-9, atol: 0 });
});

test("what holds under a condition is listed, refused, or bounded for all inputs", async (
  { rng },
) => {
  const module = named("net", compose(linear(3, 4), rmsDivide(), rmsNorm(), linear(4, 4)));
  const weights = drawTree(rng, module);
  const needed = await certify(module, weights);
  const all = await certify(module, weights, { conditions: "all" });

  assert.equal(needed.conditions, [
    { path: "net.rmsDivide", condition: "inputs of RMS 1 or more" },
  ]);
  assert.equal(all.conditions.map(({ path }) => path), ["net.rmsNorm", "net.rmsDivide"]);
  assertClose(needed.bound, 1000 * all.bound, { rtol: 1e-9, atol: 0 });
  await assertRejects(certify(module, weights, { conditions: "refuse" }), "RangeError",
    "net.rmsDivide");
});

test("attention is flagged, as it is bounded for tokens of RMS one only", async ({ rng }) => {
  const module = attention({ heads: 2, embed: 4 });
  const { conditions } = await certify(module, drawTree(rng, module));

  assert.ok(conditions.length >= 2);
  assert.ok(conditions.every(({ path, condition }) => path !== "" && condition.includes("RMS")));
});

test("what cannot be bounded says where it is", async ({ rng }) => {
  const opaque = compose(linear(2, 3), atom({
    name: "mystery", weights: { weight: { shape: [3, 3], norm: rmsToRms } },
    forward: (x) => x, widths: (input) => input,
  }));
  const late = named("body", compose(linear(2, 3), layerNorm()));
  const table = named("text", embed(3, 4));
  const reject = (module: Module, inputNorm: InputNorm, name: string, text: string) => {
    return assertRejects(certify(module, drawTree(rng, module), { inputNorm }), name, text);
  };

  await reject(opaque, "rms", "TypeError", "mystery.weight");
  await reject(late, "l2", "RangeError", "body.layerNorm");
  await reject(table, "l2", "RangeError", "text.weight");
});

test("NaN and zero weights give NaN and zero", async () => {
  const [bad, none] = await Promise.all([NaN, 0].map(async (value) => {
    return certify(linear(2, 2), { linear: { weight: full([2, 2], value) } });
  }));

  assert.ok(Number.isNaN(bad?.bound));
  assert.ok((none?.bound ?? 1) < 1e-30);
});

async function assertRejects(
  promise: Promise<unknown>, name: string, text: string,
): Promise<void> {
  const error = await promise.then(() => new Error("there was no error"), (e: Error) => e);
  assert.equal([error.name, error.message.includes(text)], [name, true], error.message);
}

test.run();
