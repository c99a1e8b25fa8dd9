// The parts of replay: planned memory, live numbers, and what the host works out again.

import * as assert from "uvu/assert";
import { add, compile, full, mul, openDevice, scope, tensor } from
  "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { type HostState, PlanMemory, type Scalar, atReplay, decide, elementwise, isScalar, live }
  from "../../engine/index.ts";
import { Slot } from "../../engine/replay/recording.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("replay");

/** `x + y` for a constant that may change. */
function plus(x: Tensor, y: Scalar): Tensor {
  const body = { name: "testPlus", wgsl: "fn op(x: T, y: T) -> T { return x + y; }" };
  return elementwise(x.device, { body, operands: [x, y], type: "f32", out: "f32" });
}

/** A count that steps advance. */
class Count implements HostState {
  value = 0;

  mark(): () => void {
    const { value } = this;
    return () => void (this.value = value);
  }

  advance(): void {
    atReplay(this, () => void this.value++);
  }
}

function slot(bytes: number, first: number, last: number): Slot {
  return Object.assign(new Slot(bytes), { first, last });
}

test("slots that are never needed together share memory, others do not", ({ rng, device }) => {
  const slots = Array.from({ length: 60 }, () => {
    const first = rng.int(40);
    return slot(256 * 2 ** rng.int(5), first, first + rng.int(6));
  });
  const before = device.memory().live;
  const memory = new PlanMemory(device.pool);
  const placed = memory.place(slots);
  const taken = device.memory().live - before;
  const sum = slots.reduce((all, { bytes }) => all + bytes, 0);

  for (const a of slots) {
    assert.ok((placed.get(a)?.size ?? 0) >= a.bytes);
    for (const b of slots) {
      if (a === b || placed.get(a) !== placed.get(b)) continue;
      assert.ok(a.last < b.first || b.last < a.first);
    }
  }
  assert.ok(taken < sum / 2, `${taken} of ${sum}`);
  assert.equal([...memory.place(slots).values()].length, slots.length); // a second plan fits in
  assert.is(device.memory().live - before, taken);
  memory.free();
  assert.is(device.memory().live, before);
});

test("a chain takes the memory of two links", ({ device }) => {
  const memory = new PlanMemory(device.pool);
  const before = device.memory().live;
  memory.place(Array.from({ length: 20 }, (_, i) => slot(4096, i, i + 1)));

  assert.is(device.memory().live - before, 2 * 4096);
  memory.free();
});

test("outside a compiled step a live number is a number, worked out once", () => {
  let calls = 0;
  const x = live(() => ++calls);

  assert.is(x, 1);
  assert.ok(isScalar(x));
  assert.not(isScalar("1"));
});

test("live numbers and counters go on in the order of the step", async () => {
  const count = new Count();
  using step = compile((x: Tensor) => {
    const first = plus(x, live(() => count.value));
    count.advance();
    return plus(first, live(() => 10 * count.value));
  });
  const zero = tensor([0]);
  for (let t = 0; t < 4; t++) {
    const y = step(zero);

    assert.is(await y.item(), t + 10 * (t + 1));
    y.dispose();
  }
  assert.is(step.plans, 1);
});

test("a live whole number reaches an integer kernel", async () => {
  let n = -3;
  using step = compile((x: Tensor) => {
    const body = { name: "testPlusI", wgsl: "fn op(x: T, y: T) -> T { return x + y; }" };
    return elementwise(x.device, { body, operands: [x, live(() => n)], type: "i32", out: "i32" });
  });
  const x = tensor([5, 6], { dtype: "i32" });
  for (n = -3; n < 1; n++) assert.equal([...await step(x).read()], [5 + n, 6 + n]);
});

test("what the host decides has a record for each outcome, and is not done twice", async () => {
  const count = new Count();
  let runs = 0;
  using step = compile((x: Tensor) => {
    runs++;
    count.advance();
    const even = decide(() => count.value % 2 === 0);
    count.advance();
    const third = decide(() => count.value % 3 === 0);
    return plus(mul(x, even ? 2 : 1), third ? live(() => count.value) : -1);
  });
  const x = tensor([100]);
  for (let t = 1; t <= 9; t++) {
    const expected = 100 * ((2 * t - 1) % 2 === 0 ? 2 : 1) + ((2 * t) % 3 === 0 ? 2 * t : -1);

    assert.is(await step(x).item(), expected);
    assert.is(count.value, 2 * t); // a record tried in vain leaves no trace
  }
  assert.is(step.plans, 2);
  assert.is(runs, 2);
});

test("what throws on the host stops the replay and puts everything back", async ({ device }) => {
  const count = new Count();
  let bad = false;
  using step = compile((x: Tensor) => {
    count.advance();
    return plus(x, live(() => {
      if (bad) throw new RangeError("mine");
      return count.value;
    }));
  });
  const x = tensor([0]);
  step(x);
  bad = true;
  const { dispatches } = device.counts;

  assertThrows(() => step(x), RangeError, "mine");
  assert.is(count.value, 1);
  assert.is(device.counts.dispatches, dispatches);
  bad = false;
  assert.is(await step(x).item(), 2);
});

test("a step of many dispatches is one submit", async ({ device }) => {
  using step = compile((x: Tensor) => {
    let y = x;
    for (let i = 0; i < 300; i++) y = add(y, x);
    return y;
  });
  const x = tensor([1]);
  step(x);
  const recorded = { ...device.counts };
  const y = step(x);
  const { dispatches, submits } = device.counts;

  assert.is(submits - recorded.submits, 2); // what waited before, and the step
  assert.is(await y.item(), 301);
  assert.ok(dispatches > recorded.dispatches);
});

test("plans of one step share their memory", ({ device }) => {
  const chain = (x: Tensor, by: number) => {
    let y = x;
    for (let i = 0; i < 8; i++) y = mul(add(y, by), y);
    return full([], by);
  };
  using step = compile(chain);
  const x = tensor(new Float32Array(4096));
  step(x, 1);
  const { live: one } = device.memory();
  for (let by = 2; by < 6; by++) step(x, by).dispose();

  assert.is(step.plans, 5);
  assert.is(device.memory().live, one);
});

test.needs("timestamp-query", "a profile sees the kernels of a replay", async ({ device }) => {
  const { profile } = await import("../../engine/index.ts");
  using step = compile((x: Tensor) => mul(add(x, 1), x));
  const x = tensor([1, 2]);
  step(x);
  const recorded = await profile(device, () => void scope(() => mul(add(x, 1), x)));
  const replayed = await profile(device, () => step(x).dispose());

  assert.equal(replayed.kernels.map((k) => k.name).sort(),
    recorded.kernels.map((k) => k.name).sort());
});

test("a replay on a device that is lost or closed says so", async () => {
  const device = await openDevice();
  const step = compile((x: Tensor) => add(x, 1));
  const x = tensor([1], { device });
  step(x);
  device.close();

  assertThrows(() => step(x), Error, /^compile: the device was closed\. /);
  step.dispose();
});

test.run();
