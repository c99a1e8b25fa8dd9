// Pauses of a thread that waits, on a clock of the test's own. Node only.

import { host } from "#gpu";
import * as assert from "uvu/assert";
import { type Clock, PausedWaits } from "../../engine/pause_node.ts";
import { suite } from "../harness.ts";

const test = suite("pauses");

/** A clock that moves by sleeping and by `turn`, which runs what was to run soon. */
class Hand implements Clock {
  time = 100;
  readonly sleeps: number[] = [];
  readonly #next: (() => void)[] = [];

  now(): number {
    return this.time;
  }

  sleep(milliseconds: number): void {
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
  }

  soon(turn: () => void): void {
    this.#next.push(turn);
  }

  /** @returns how many things ran */
  turn(passed: number): number {
    this.time += passed;
    const now = this.#next.splice(0);
    for (const run of now) run();
    return now.length;
  }
}

test("a short wait has no pause, a long one pauses of a sixteenth and at most 1 ms", async () => {
  const hand = new Hand();
  const { promise, resolve } = open<string>();
  const wait = new PausedWaits(hand).of(promise);

  hand.turn(0.1);
  hand.turn(0.1);
  assert.equal(hand.sleeps, []);
  hand.turn(7.8); // 8 ms since the start
  hand.turn(3.5); // 12 ms: 0.5 of them slept
  hand.turn(99);
  assert.equal(hand.sleeps.map((ms) => ms.toFixed(6)), ["0.500000", "0.750000", "1.000000"]);

  resolve("done");
  assert.is(await wait, "done");
  hand.turn(1);
  assert.is(hand.sleeps.length, 3);
  assert.is(hand.turn(1), 0); // nothing is left to keep the process alive
});

test("waits at the same time share the pauses, and an end begins anew", async () => {
  const hand = new Hand();
  const waits = new PausedWaits(hand);
  const [first, second] = [open<number>(), open<number>()];
  const both = [waits.of(first.promise), waits.of(second.promise)] as const;

  assert.is(hand.turn(8), 1);
  assert.is(hand.sleeps.length, 1);
  first.resolve(1);
  assert.is(await both[0], 1);
  hand.turn(0.1);
  assert.is(hand.sleeps.length, 1);
  hand.turn(8);
  assert.is(hand.sleeps.length, 2);
  second.resolve(2);
  assert.is(await both[1], 2);
});

test("a wait that begins as another ends goes on with its turns", async () => {
  const hand = new Hand();
  const waits = new PausedWaits(hand);
  for (let i = 0; i < 5; i++) {
    const { promise, resolve } = open<void>();
    const wait = waits.of(promise);
    hand.turn(8);
    resolve();
    await wait;
  }
  void waits.of(open<void>().promise);
  assert.is(hand.turn(8), 1);
  assert.is(hand.sleeps.length, 6);
});

test("what fails is thrown, and ends the pauses", async () => {
  const hand = new Hand();
  const { promise, reject } = open<never>();
  const wait = new PausedWaits(hand).of(promise);
  reject(new RangeError("mine"));
  try {
    await wait;
    assert.unreachable();
  } catch (error) {
    assert.instance(error, RangeError);
  }
  hand.turn(50);
  assert.equal([hand.sleeps.length, hand.turn(1)], [0, 0]);
});

test("waits of a software adapter have pauses, others none", async ({ device }) => {
  assert.ok(await pausesOf((work) => host.waitFor(work, true)) > 0);
  assert.is(await pausesOf((work) => host.waitFor(work, false)), 0);
  assert.is(await pausesOf((work) => device.wait(work)) > 0, device.info.software);
});

/** How often the thread is blocked while work takes 20 ms. */
async function pausesOf(wait: (work: Promise<void>) => Promise<void>): Promise<number> {
  const block = Atomics.wait;
  let count = 0;
  const counted = (...args: Parameters<typeof block>) => {
    count++;
    return block(...args);
  };
  Object.assign(Atomics, { wait: counted });
  try {
    await wait(new Promise((resolve) => setTimeout(resolve, 20)));
  } finally {
    Object.assign(Atomics, { wait: block });
  }
  return count;
}

/** A promise to be settled by hand. */
function open<R>() {
  let resolve!: (value: R) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<R>((...settle) => [resolve, reject] = settle);
  return { promise, resolve, reject };
}

test.run();
