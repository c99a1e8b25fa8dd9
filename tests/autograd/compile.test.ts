// compile: a replayed step does what the step does.

import * as assert from "uvu/assert";
import { IndexError, type Tensor, add, assign, cast, checkpoint, compile, customVjp, dropout,
  embedding, grad, keep, matmul, mul, normal, reshape, rng, scale, scope, slice, sub, sum, tanh,
  tensor, transpose, uniform, valueAndGrad, zeros } from "../../autograd/index.ts";
import { suite } from "../harness.ts";
import { assertRejects } from "../throws.ts";

const test = suite("compile");

/** Numbers of a tensor that is not needed any more. */
async function taken(t: Tensor): Promise<number[]> {
  const list = [...await t.read()];
  t.dispose();
  return list;
}

test("the step's code runs once, and replays take new arguments", async ({ device }) => {
  let runs = 0;
  using step = compile((x: Tensor, y: Tensor) => {
    runs++;
    return tanh(add(mul(x, y), 1));
  });
  const plain = (x: Tensor, y: Tensor) => scope(() => tanh(add(mul(x, y), 1)));
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    const [x, y] = [tensor([i, 2, 3]), tensor([4, i, 6])];
    const before = device.counts.dispatches;
    const got = step(x, y);
    counts.push(device.counts.dispatches - before);

    assert.equal(await taken(got), await taken(plain(x, y)));
  }
  assert.is(runs, 1);
  assert.is(step.plans, 1);
  assert.is(new Set(counts).size, 1); // as many dispatches as were recorded
});

test("results live on, each call's its own", async () => {
  using step = compile((x: Tensor) => ({ sum: add(x, 1), list: [mul(x, 2)] }));
  const results = [1, 2, 3, 4].map((i) => step(tensor([i])));
  for (const [i, result] of results.entries()) {
    assert.equal([...await result.sum.read()], [i + 2]);
    assert.equal([...await (result.list[0] as Tensor).read()], [2 * i + 2]);
  }
});

test("shapes, dtypes, layouts, sharing and plain values make records of their own", async () => {
  let runs = 0;
  using step = compile((x: Tensor, { by, y }: { by: number | undefined; y?: Tensor }) => {
    runs++;
    return scale(y ? add(x, y) : x, by ?? 1);
  }, { plans: 12 });
  const wide = tensor([[1, 2, 3], [4, 5, 6]]);
  const other = tensor([[1, 1, 1], [1, 1, 1]]);
  const calls: readonly (() => Tensor)[] = [
    () => step(wide, { by: 2 }),
    () => step(wide, { by: 3 }),
    () => step(wide, { by: undefined }),
    () => step(tensor([[1, 2, 3]]), { by: 2 }),
    () => step(transpose(wide), { by: 2 }),
    () => step(slice(wide, [[1, 2]]), { by: 2 }),
    () => step(cast(wide, "i32"), { by: 2 }),
    () => step(wide, { by: 2, y: wide }),
    () => step(wide, { by: 2, y: other }),
  ];
  const first = await Promise.all(calls.map(async (call) => taken(call())));
  assert.is(runs, calls.length);
  const second = await Promise.all(calls.map(async (call) => taken(call())));

  assert.is(runs, calls.length);
  assert.is(step.plans, calls.length);
  assert.equal(second, first);
  assert.equal(first[4], [2, 8, 4, 10, 6, 12]);
  assert.equal(first[8], [4, 6, 8, 10, 12, 14]);
});

test("arguments and what the step closes over are changed in place", async () => {
  const outside = tensor([10, 20]);
  using step = compile((x: Tensor) => {
    assign(x, add(x, outside));
    assign(outside, mul(outside, 2));
  });
  const [a, b] = [tensor([1, 2]), tensor([3, 4])];
  assert.is(step(a), undefined);
  step(b);
  step(a);

  assert.equal([...await outside.read()], [80, 160]);
  assert.equal([...await a.read()], [1 + 10 + 40, 2 + 20 + 80]);
  assert.equal([...await b.read()], [3 + 20, 4 + 40]);
});

test("a result may be an argument, a view of one, shared memory or from outside", async () => {
  const outside = tensor([7, 8]);
  using step = compile((x: Tensor) => {
    const y = add(x, 1);
    return {
      x, y, again: y, row: reshape(y, [1, 2]), view: reshape(x, [2, 1]), outside,
      part: slice(outside, [[1, 2]]), nothing: undefined, kept: keep(mul(x, 3)),
    };
  });
  for (const x of [tensor([1, 2]), tensor([3, 4]), tensor([5, 6])]) {
    const [first = 0] = await x.read();
    const got = step(x);

    assert.is(got.x, x);
    assert.is(got.outside, outside);
    assert.is(got.again, got.y);
    assert.is(got.nothing, undefined);
    assert.equal(await got.view.toArray(), [[first], [first + 1]]);
    assert.equal(await got.part.toArray(), [8]);
    assert.equal(await got.kept.toArray(), [3 * first, 3 * first + 3]);
    assign(got.row, mul(got.row, 2));
    assert.equal(await got.y.toArray(), [2 * first + 2, 2 * first + 4]);
    assert.is(got.kept.owner, undefined);
    got.kept.dispose();
  }
  assert.is(step.plans, 1);
});

test("numbers from the host stay, whatever the step or its caller does to them", async () => {
  using step = compile((x: Tensor) => {
    const [constant, changed, given] = [tensor([1, 2]), tensor([10, 20]), tensor([5])];
    assign(changed, add(changed, x));
    return { sum: add(constant, changed), given };
  });
  for (let i = 0; i < 3; i++) {
    const { sum, given } = step(tensor([i, i]));

    assert.equal(await taken(sum), [11 + i, 22 + i]);
    assert.equal(await given.toArray(), [5]);
    assign(given, tensor([0]));
  }
  assert.is(step.plans, 1);
});

test("a whole training step has the bits of the eager one, and its memory does not grow", async (
  { device, rng: random },
) => {
  const start = Array.from({ length: 12 }, () => random.normal());
  const run = (w: Tensor) => (x: Tensor) => {
    const loss = (p: Tensor) => sum(tanh(matmul(x, p)));
    const { value, grads } = valueAndGrad(loss)(w);
    assign(w, sub(w, scale(grads, 0.1)));
    return value;
  };
  const [w, other] = [tensor(start, { shape: [4, 3] }), tensor(start, { shape: [4, 3] })];
  const before = device.memory().live;
  const step = compile(run(w));
  const eager = run(other);
  let steady = 0;
  for (let i = 0; i < 8; i++) {
    const x = tensor(Array.from({ length: 8 }, () => random.normal()), { shape: [2, 4] });
    const values = [step(x), scope(() => eager(x))].map((t) => taken(t));
    x.dispose();

    assert.equal(await values[0], await values[1]);
    if (i > 0) assert.is(device.memory().live, steady || device.memory().live);
    steady = device.memory().live;
  }
  assert.equal([...await w.read()], [...await other.read()]);
  step.dispose();
  assert.is(device.memory().live, before);
});

test("random numbers are new in every replay, those of the eager step", async () => {
  const make = () => {
    const from = rng(5);
    const own = from.split("own");
    return {
      from, own,
      step: (x: Tensor) => ({
        noise: normal(from, [5]), dropped: dropout(x, { rng: own }),
        fresh: uniform(rng(3), [2]), child: uniform(from.split("child"), [2]),
      }),
    };
  };
  const [a, b] = [make(), make()];
  using step = compile(b.step);
  const x = tensor(Array.from({ length: 40 }, (_, i) => i + 1));
  const seen = new Set<string>();
  for (let i = 0; i < 4; i++) {
    if (i === 3) for (const { from } of [a, b]) from.state = rng(99).state;
    const [mine, other] = [scope(() => a.step(x)), step(x)];
    for (const name of ["noise", "dropped", "fresh", "child"] as const) {
      assert.equal([...await other[name].read()], [...await mine[name].read()]);
    }
    seen.add((await other.noise.read()).join());
    assert.equal(b.from.state, a.from.state);
    assert.equal(b.own.state, a.own.state);
  }
  assert.is(seen.size, 4);
  assert.is(step.plans, 1);
});

test("checkpoints and gradients by hand are replayed, with their random numbers", async () => {
  const double = customVjp((t: Tensor) => mul(t, 2), (dy) => [mul(dy, 3)]);
  const make = () => {
    const from = rng(8);
    const block = checkpoint((t: Tensor) => tanh(dropout(double(t), { rng: from })));
    return (x: Tensor) => ({ slope: grad((t: Tensor) => sum(block(block(t))))(x),
      next: uniform(from, [3]) });
  };
  const eager = make();
  using step = compile(make());
  const x = tensor(Array.from({ length: 20 }, (_, i) => i / 10 - 1));
  for (let i = 0; i < 4; i++) {
    const [mine, other] = [scope(() => eager(x)), step(x)];

    assert.equal([...await other.slope.read()], [...await mine.slope.read()]);
    assert.equal([...await other.next.read()], [...await mine.next.read()]);
  }
  assert.is(step.plans, 1);
});

test("what the first call makes to be kept is there at the next, which is recorded", async () => {
  let state: Tensor | undefined;
  let runs = 0;
  using step = compile((x: Tensor) => {
    runs++;
    state ??= keep(zeros([2]));
    assign(state, add(state, x));
    return add(state, 0);
  });
  const x = tensor([1, 2]);
  const values: number[][] = [];
  for (let i = 0; i < 4; i++) values.push(await taken(step(x)));

  assert.equal(values, [[1, 2], [2, 4], [3, 6], [4, 8]]);
  assert.is(runs, 2);
  state?.dispose();
  state = undefined;
  assert.equal(await taken(step(x)), [1, 2]); // its memory is gone, so the record is not used
  assert.equal(await taken(step(x)), [2, 4]);
  assert.equal(await taken(step(x)), [3, 6]);
  assert.is(runs, 4);
  (state as unknown as Tensor).dispose();
});

test("a result that is kept elsewhere, too, is not taken for the step's alone", async () => {
  let last: Tensor | undefined;
  using step = compile((x: Tensor) => {
    const y = add(x, 1);
    last?.dispose();
    last = keep(reshape(y, [1]));
    return y;
  });
  for (let i = 0; i < 3; i++) {
    await taken(step(tensor([i])));
    assert.equal(await (last as Tensor).toArray(), [i + 1]);
  }
  assert.is(step.plans, 0);
  last?.dispose();
});

test("faults of a replay are reported by the next read", async () => {
  const table = tensor([5, 6, 7]);
  using step = compile((ids: Tensor) => embedding(table, ids));
  const ids = (...list: number[]) => tensor(Int32Array.from(list));
  assert.equal(await taken(step(ids(0, 1))), [5, 6]);
  const bad = step(ids(2, 3));

  await assertRejects(bad.read(), IndexError, /^embedding: index out of range: 3 for an axis of 3/);
  assert.equal(await taken(step(ids(2, 0))), [7, 5]);
});

test("a step inside a scope leaves its results to the scope", ({ device }) => {
  using step = compile((x: Tensor) => add(mul(x, 2), 1));
  const x = tensor([1]);
  step(x).dispose();
  const before = device.memory();
  scope(() => void step(x));

  assert.equal(device.memory().tensors, before.tensors);
  assert.is(device.memory().live, before.live);
});

test.run();
