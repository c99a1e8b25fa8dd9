// Results that are written over what is there: they wait like others, and come in their turn.

import * as assert from "uvu/assert";
import { type Device, type Tensor, add, assign, compile, evaluate, exp, matmul, mul, normal,
  openDevice, relu, rmsNorm, rng, scope, slice, softmax, sub, sum, tensor, transpose, zeros } from
  "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { type TestRng, testRng } from "../rng.ts";
import { withKernels } from "./families.ts";
import { assertSame } from "./fused.ts";

const test = suite("writes in place that wait");

/** Two averages and a weight moved by both, as optimizers do it. */
function move(w: Tensor, m: Tensor, s: Tensor, g: Tensor): void {
  assign(m, add(mul(m, 0.75), mul(g, 0.25)));
  assign(s, add(mul(s, 0.5), mul(mul(g, g), 0.5)));
  assign(w, sub(w, mul(m, s)));
}

test("several writes and what is made of them take one dispatch", async ({ device }) => {
  const made = (seed: number) => evaluate(normal(rng(seed), [16, 8]));
  const [w, m, s, g] = [made(1), made(2), made(3), made(4)];
  const before = await Promise.all([w, m, s, g].map((t) => t.read()));

  const { dispatches: count } = device.counts;
  scope(() => move(w, m, s, g));
  assert.is(device.counts.dispatches, count); // it waits
  evaluate([w, m, s]);
  assert.is(device.counts.dispatches, count + 1);

  const after = await Promise.all([w, m, s].map((t) => t.read()));
  const [w0, m0, s0, g0] = before as [Float32Array, Float32Array, Float32Array, Float32Array];
  for (let i = 0; i < 128; i++) {
    const at = (list: ArrayLike<number> | undefined) => list?.[i] ?? NaN;
    const [mean, square] = [0.75 * at(m0) + 0.25 * at(g0), 0.5 * at(s0) + 0.5 * at(g0) ** 2];
    assert.ok(Math.abs(at(after[1]) - mean) < 1e-6);
    assert.ok(Math.abs(at(after[2]) - square) < 1e-6);
    assert.ok(Math.abs(at(after[0]) - (at(w0) - mean * square)) < 1e-6);
  }
});

test("the bits are those of one write after the other", ({ device }) => {
  const moved = (pick: number) => (...all: Tensor[]) => {
    const [w, m, s, g] = all.map((t) => evaluate(mul(t, 1))) as [Tensor, Tensor, Tensor, Tensor];
    move(w, m, s, g);
    return [w, m, s][pick] as Tensor;
  };
  const inputs = (shape: readonly number[]) => [1, 2, 3, 4].map((seed) => [shape, seed] as const);
  return assertSame(
    device, [moved(0), ...inputs([32])], [moved(1), ...inputs([6, 10])], [moved(2), ...inputs([4])],
    [moved(0), ...inputs([7])],
    // a product of what was written
    [(...all) => matmul(moved(0)(...all), all[3] as Tensor), ...inputs([8, 8])],
    // broadcast operands and another order of axes
    [(a, b) => {
      const x = evaluate(mul(a as Tensor, 1));
      assign(x, add(x, b as Tensor));
      assign(x, mul(x, transpose(a as Tensor)));
      return add(x, transpose(x));
    }, [[8, 8], 1], [[8], 2]],
  );
});

test("what was to be read before is the old, what comes after the new", async () => {
  const x = evaluate(tensor([1, 2, 3, 4]));
  assign(x, add(x, 10));
  const middle = mul(x, 2);
  assign(x, add(x, 100));
  const last = mul(x, 2);

  assert.equal([...await last.read()], [222, 224, 226, 228]);
  assert.equal([...await middle.read()], [22, 24, 26, 28]);
  assert.equal([...await x.read()], [111, 112, 113, 114]);
});

test("views show what was written, and writes to views come after", async () => {
  const x = evaluate(tensor([1, 2, 3, 4, 5, 6, 7, 8]));
  const [head, tail] = [slice(x, [[0, 4]]), slice(x, [[4, 8]])];
  assign(head, mul(head, 10)); // waits
  assign(tail, add(tail, slice(x, [[0, 4]])));
  assign(slice(x, [[1, 3]]), tensor([0, 0]));

  assert.equal([...await x.read()], [10, 0, 0, 40, 15, 26, 37, 48]);
  assert.equal([...await head.read()], [10, 0, 0, 40]);
});

test("elements beside those that are written stay", async () => {
  const x = evaluate(tensor(Array.from({ length: 12 }, (_, i) => i)));
  assign(slice(x, [[0, 8]]), zeros([8])); // of one value, which is known without reading
  assign(slice(x, [[0, 3]]), tensor([1, 2, 3]));
  assert.equal([...await x.read()], [1, 2, 3, 0, 0, 0, 0, 0, 8, 9, 10, 11]);
});

test("elements beside large ones that are written stay", async ({ device }) => {
  for (const length of [40000 - 12, 40000 - 16]) { // in rows of 4 and of 16
    const x = zeros([40000]);
    const part = slice(x, [[0, length]]);
    const { dispatches: count } = device.counts;
    assign(part, add(part, 1));
    const y = evaluate(mul(part, 2));
    assert.is(device.counts.dispatches, count + 1 + 1); // zeros, then both

    const [all, twice] = [Array.from(await x.read()), Array.from(await y.read())];
    assert.ok(all.every((v, i) => v === (i < length ? 1 : 0)), `${length}`);
    assert.ok(twice.every((v) => v === 2), `${length}`);
  }
});

test("an operand that is written later is read before", async () => {
  const [x, y] = evaluate([tensor([1, 2, 3, 4]), tensor([5, 6, 7, 8])]);
  assign(x, add(x, y)); // waits, and reads y
  assign(y, zeros([4]));
  assert.equal([...await x.read()], [6, 8, 10, 12]);
  assert.equal([...await y.read()], [0, 0, 0, 0]);
});

test("a write that nobody asks for is not done, and gives its memory back", ({ device }) => {
  const before = device.memory().live;
  const x = evaluate(tensor([1, 2, 3, 4]));
  const { dispatches: count } = device.counts;
  scope(() => assign(x, exp(x)));
  x.dispose();
  device.flush();
  assert.is(device.counts.dispatches, count);
  assert.is(device.memory().live, before);
});

test("a write reads its operands' memory no longer than there is room", async () => {
  const peaks = [];
  for (const fusion of [true, false]) {
    const device = await openDevice({ fusion });
    const sums = Array.from({ length: 8 }, () => evaluate(zeros([4096], { device })));
    for (const [i, sum] of sums.entries()) {
      const more = evaluate(relu(tensor(new Float32Array(4096).fill(i), { device })));
      assign(sum, add(sum, more));
      more.dispose();
    }
    assert.is((await sums[7]?.read())?.[5], 7);
    peaks.push(device.memory().peak);
    device.close();
  }
  assert.is(peaks[0], peaks[1]);
});

test("a compiled step writes anew at every call", async () => {
  const [x, total] = evaluate([tensor([1, 2, 3, 4]), zeros([4])]);
  using step = compile((by: Tensor) => {
    assign(x, mul(x, by));
    assign(total, add(total, x));
  });
  for (const by of [2, 3, 5]) step(tensor([by, by, by, 1]));

  assert.equal([...await x.read()], [30, 60, 90, 4]);
  assert.equal([...await total.read()], [2 + 6 + 30, 4 + 12 + 60, 6 + 18 + 90, 12]);
});

test("what is held of the old elements is computed before they are gone", async ({ device }) => {
  const w = evaluate(tensor([[1, 2], [3, 4]]));
  const [square, shifted] = [mul(w, w), add(w, 1)];
  const { dispatches: count } = device.counts;
  assign(w, sub(square, shifted)); // reads both in place
  const y = mul(shifted, 2); // of the old, too

  assert.equal(await w.toArray(), [[-1, 1], [5, 11]]);
  assert.is(device.counts.dispatches, count + 1);
  assert.equal(await y.toArray(), [[4, 6], [8, 10]]);
  assert.equal(await square.toArray(), [[1, 4], [9, 16]]);
});

test("what reads the old elements in another order is computed at once", async () => {
  const w = evaluate(tensor([[1, 2], [3, 4]]));
  const turned = mul(transpose(w), 1);
  assign(w, add(w, turned));
  assign(w, add(w, 100));
  assert.equal(await w.toArray(), [[102, 105], [105, 108]]);
  assert.equal(await turned.toArray(), [[1, 3], [2, 4]]);
});

/** What a random program does next. */
const MOVES = [
  "make", "make", "write", "write", "part", "product", "row", "fold", "compute", "drop",
] as const;

/** A random program of results, views and writes in place; the tensors that are left at its end. */
function randomProgram(random: TestRng, device: Device): Tensor[] {
  const pick = <T>(list: readonly T[]): T => list[random.int(list.length)] as T;
  const side = pick([2, 3, 4, 8]);
  const pool = [1, 2, 3].map((seed) => evaluate(normal(rng(seed), [side, side], { device })));
  const any = () => pick(pool);
  const view = () => pick([any, any, () => transpose(any()), any])();
  const combined = () => pick([add, mul, sub])(view(), view());
  for (let step = 0; step < 14; step++) {
    const move = pick(MOVES);
    if (move === "make") pool.push(combined());
    if (move === "write") assign(view(), combined());
    if (move === "part") assign(slice(any(), [[0, 1]]), mul(slice(any(), [[1, 2]]), 0.5));
    if (move === "product") pool.push(mul(matmul(view(), view()), 0.25));
    if (move === "row") pool.push(sub(pick([softmax, rmsNorm])(combined()), view()));
    if (move === "fold") {
      const total = sum(pick([combined, view])(), { axis: pick([0, 1]), keepDims: true });
      pool.push(add(mul(total, 0.25), view()));
    }
    if (move === "compute") evaluate(any());
    if (move === "drop" && pool.length > 3) pool.splice(random.int(pool.length), 1);
  }
  return pool;
}

/** Runs random programs on a device, and on one of the same kernels that puts nothing off. */
async function comparePrograms(device: Device, random: TestRng): Promise<void> {
  const plain = await openDevice({ fusion: false });
  (plain.info as { software: boolean }).software = device.info.software;
  for (let i = 0; i < 40; i++) {
    const seed = random.int(2 ** 31);
    const [fused, single] = await Promise.all([device, plain].map(async (on) => {
      const left = scope(() => randomProgram(testRng(seed), on));
      const data = await Promise.all(left.map((t) => t.read()));
      left.forEach((t) => t.dispose());
      return data.map((list) => [...new Uint32Array(list.buffer)]);
    }));
    assert.equal(fused, single, `program ${seed}`);
  }
  plain.close();
}

test("a held result is that of the old elements, also if the chain was cut", async () => {
  const [a, w] = evaluate([tensor([[1, 2], [3, 4]]), tensor([[5, 6], [7, 8]])]);
  const sum = add(a, w); // a step of the chain, until the transposed view has it cut
  assign(w, sub(transpose(w), sum));
  assert.equal(await w.toArray(), [[-1, -1], [-4, -4]]);
  assert.equal(await sum.toArray(), [[6, 8], [10, 12]]);
});

test("random programs have the bits of those that compute everything at once", (
  { device, rng: random },
) => comparePrograms(device, random));

test("the same, where products, reductions and rows wait whatever their size", (
  { rng: random },
) => {
  return withKernels("gpu", (device) => comparePrograms(device, random));
});

test.run();
