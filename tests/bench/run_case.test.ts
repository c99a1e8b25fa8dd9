// Whole cases on the shared device: right ones give numbers, wrong ones do not; every bench there
// is computes what it says.

import * as assert from "uvu/assert";
import { type Tensor, add, keep, mul, normal, rng } from "../../autograd/index.ts";
import { BENCHES } from "../../bench/benches.ts";
import { type Bench, BenchError, type Size, type Work, bench } from "../../bench/harness.ts";
import { map64 } from "../../bench/reference.ts";
import { copyBench, productBench } from "../../bench/roofline.ts";
import { type LeftOut, type Result, type Session, checkOnce, runCase } from
  "../../bench/run_case.ts";
import { numbersOf, showSize } from "../../bench/size.ts";
import { timerFor } from "../../bench/timer.ts";
import { suite } from "../harness.ts";

const test = suite("bench cases");
const effort = { minRuns: 4, minSeconds: 0, maxSeconds: 1, fewestRuns: 2, sampleMs: 1 };

/** A bench of `f` on 1000 numbers, said to be their double plus one. */
function doubling(f: (x: Tensor) => Tensor): Bench {
  return bench("doubling", { sizes: [1000] }, (n): Work => {
    const x = normal(rng(3), [n]);
    return { run: () => f(x), flop: 2 * n, bytes: 8 * n, matrices: 1,
      expected: () => map64([x], (v) => 2 * v + 1) };
  });
}

function sessionOf(device: Session["device"]): Session {
  return { device, timer: timerFor(device), effort };
}

async function fails(work: Promise<unknown>, text: string): Promise<void> {
  await work.then(() => assert.unreachable(), (error: unknown) => {
    assert.instance(error, BenchError);
    assert.match((error as BenchError).message, text);
  });
}

test("a right case gives its times, counts and peak, and leaves nothing behind", async (
  { device },
) => {
  const before = device.memory();
  const session = { ...sessionOf(device), roofline: { gflops: 1, gbps: 1 } };
  const size = 2 ** 17; // so many that no clock shows 0, too few to be left out
  const planned = { bench: doubling((x) => add(mul(x, 2), 1)), size, asked: false };
  const result = await runCase(session, planned) as Result;

  assert.equal([result.name, result.size], ["doubling", String(size)]);
  assert.ok(result.dispatches === 1 || result.dispatches === 2, "fused or not");
  assert.ok(result.median > 0 && result.p90 >= result.median && result.gflops > 0);
  assert.ok(result.hostUs > 0 && result.runs >= effort.minRuns);
  assert.ok(result.peakBytes - before.live >= 8 * size, "the input and the result at least");
  assert.is(device.memory().live, before.live);
  assert.is(result.roofline?.bound, "memory");
});

test("a wrong result gives no time", async ({ device }) => {
  const planned = { bench: doubling((x) => mul(x, 2)), size: 1000, asked: false };

  await fails(runCase(sessionOf(device), planned), "doubling 1000: wrong result: element 0");
});

test("a result that is kept from an earlier run gives no time", async ({ device }) => {
  let kept: Tensor | undefined;
  const remembering = (x: Tensor): Tensor => {
    kept ??= keep(add(mul(x, 2), 1));
    return kept;
  };
  const planned = { bench: doubling(remembering), size: 1000, asked: false };

  await fails(runCase(sessionOf(device), planned), "runs do not all do the same: 0 dispatches");
  kept?.dispose();
});

test("a case that would take too long is left out, unless it was asked for", async (
  { device },
) => {
  const session = { ...sessionOf(device), roofline: { gflops: 2 ** -30, gbps: 1e9 } };
  const long = { bench: doubling((x) => add(mul(x, 2), 1)), size: 1000 };
  const leftOut = await runCase(session, { ...long, asked: false }) as LeftOut; // by its cost
  const asked = await runCase(session, { ...long, asked: true });

  assert.is(Math.round(leftOut.secondsPerRun), Math.round(2000 * 2 ** 30 / 1e9));
  assert.ok("median" in asked);
});

/** A small size with as many numbers, none of them alike and none a multiple of a tile. */
function small(size: Size): Size {
  const [first = 0, ...rest] = [[67], [37, 61], [3, 41, 53], [2, 35, 39, 33]][
    numbersOf(size).length - 1
  ] ?? [];
  return rest.length === 0 ? first : [first, ...rest];
}

// Every op has tests of its own: some of their lines are enough.
const some = BENCHES.ops?.filter((_, i) => i % 20 === 0) ?? [];
const groups = { ...BENCHES, ops: some, roofline: [copyBench, productBench] };

for (const [name, benches] of Object.entries(groups)) {
  test(`${name}: every bench computes what it says`, async () => {
    for (const { name: of, sizes, make } of benches) {
      const forms = new Map(sizes.map((size) => [numbersOf(size).length, small(size)]));
      for (const size of forms.values()) {
        const work = make(size);
        await checkOnce(`${of} ${showSize(size)}`, work);
        work.free?.();
      }
    }
  });
}

test.run();
