// Choosing kernels by timing them: what wins, when it stops, and what is kept.

import * as assert from "uvu/assert";
import { type Device, matmul, normal, openDevice, rng } from "../../autograd/index.ts";
import { type TuneStore, browserStore, fileStore, openScope } from "../../engine/index.ts";
import { type Choice, candidates, choose } from "../../engine/matmul/choose.ts";
import { problemOf } from "../../engine/matmul/explain.ts";
import { nameOf } from "../../engine/matmul/variant.ts";
import { Tuner, race } from "../../engine/tune.ts";
import type { Meter } from "../../engine/tune_meter.ts";
import { VERSION } from "../../engine/version.ts";
import { suite } from "../harness.ts";
import type { TestRng } from "../rng.ts";

const test = suite("tuner", { seconds: 60 });

const SIZES = { m: 256, n: 256, k: 256 } as const;

/** A clock that shows what `ms` says of a kernel, give or take a share of it. */
function fakeMeter(ms: (name: string) => number, random: TestRng, noise = 0): Meter {
  return {
    time: (choice) => Promise.resolve(ms(nameOf(choice.variant)) * (1 + noise * random.uniform())),
    close: () => undefined,
  };
}

/** A store in memory. */
function memoryStore(text?: string): TuneStore & { text: string | undefined } {
  const store = {
    text,
    load: () => Promise.resolve(store.text),
    save: (fresh: string) => {
      store.text = fresh;
      return Promise.resolve();
    },
  };
  return store;
}

/** Lines that a piece of work announces. */
async function announcedBy(work: () => Promise<void>): Promise<string> {
  const { stderr } = process;
  const { write } = stderr;
  let text = "";
  stderr.write = ((line: string) => {
    text += line;
    return true;
  }) as typeof write;
  try {
    await work();
  } finally {
    stderr.write = write;
  }
  return text;
}

/** Runs `work` on a device that measures. */
async function withTuning(
  store: TuneStore, work: (device: Device, tuner: Tuner) => Promise<void>,
): Promise<void> {
  const device = await openDevice({ tune: { store, limit: 60_000 } });
  const scope = openScope();
  try {
    await work(device, device.tuner as Tuner); // asked for above
  } finally {
    scope.close();
    device.close();
  }
}

function product(device: Device): void {
  const [a, b] = [normal(rng(1), [64, 64], { device }), normal(rng(2), [64, 64], { device })];
  matmul(a, b).dispose();
}

test("the kernel taken is within a tenth of the fastest, whatever the noise", async (t) => {
  const choices = candidates(problemOf(SIZES), t.device.matmuls.traits);
  for (let trial = 0; trial < 50; trial++) {
    const times = new Map(choices.map((c) => [nameOf(c.variant), 1 + 3 * t.rng.uniform()]));
    const ms = (name: string) => times.get(name) ?? NaN;
    const taken = await race(fakeMeter(ms, t.rng, 0.05), choices, () => false) as Choice;

    assert.ok(ms(nameOf(taken.variant)) <= 1.1 * Math.min(...times.values()), `trial ${trial}`);
  }
});

test("the kernel of the rule stays unless another is clearly faster", async ({ device, rng }) => {
  const choices = candidates(problemOf(SIZES), device.matmuls.traits);
  const rule = nameOf(choices[0]?.variant as Choice["variant"]); // there is always one
  const close = await race(fakeMeter((n) => (n === rule ? 1 : 0.98), rng), choices, () => false);
  const far = await race(fakeMeter((n) => (n === rule ? 1 : 0.9), rng), choices, () => false);

  assert.is(nameOf((close as Choice).variant), rule);
  assert.is.not(nameOf((far as Choice).variant), rule);
});

test("a race that is ended before all had a turn has no winner", async ({ device, rng }) => {
  const choices = candidates(problemOf(SIZES), device.matmuls.traits);
  let turns = 0;
  const ended = () => turns++ >= choices.length - 1;

  assert.is(await race(fakeMeter(() => 1, rng), choices, ended), undefined);
});

test("the first answer comes by rule; later ones by measure", async ({ device, rng }) => {
  const problem = problemOf(SIZES);
  const rule = nameOf(choose(problem, device.matmuls.traits).variant);
  const meter = fakeMeter((name) => (name === rule ? 2 : 1), rng);
  const kept = { version: VERSION, adapters: {} };
  const tuner = new Tuner({}, kept, "an adapter", () => Promise.resolve(meter));

  assert.is(tuner.choice(device, problem), undefined);
  await tuner.settled();
  const choice = tuner.choice(device, problem) as Choice;
  assert.is.not(nameOf(choice.variant), rule);
  assert.is(choice.why, "the fastest when measured");
  const unaligned = tuner.choice(device, problemOf({ ...SIZES, k: 255 }));
  assert.is(unaligned, undefined, "another class of products");
});

test("what takes longer than the limit is not measured", async ({ device, rng }) => {
  const kept = { version: VERSION, adapters: {} };
  const slow: Meter = {
    time: () => new Promise((resolve) => void setTimeout(() => resolve(rng.uniform()), 5)),
    close: () => undefined,
  };
  const tuner = new Tuner({ limit: 4 }, kept, "an adapter", () => Promise.resolve(slow));
  tuner.choice(device, problemOf(SIZES));
  tuner.choice(device, problemOf({ ...SIZES, m: 2048 }));
  await tuner.settled();

  assert.is(tuner.choice(device, problemOf(SIZES)), undefined);
  assert.equal(kept.adapters, { "an adapter": {} });
});

test("a product that cannot be measured keeps its kernel, and explain says why", async (t) => {
  const kept = { version: VERSION, adapters: {} };
  const tuner = new Tuner({}, kept, "an adapter", () => Promise.reject(new Error("no room")));
  tuner.choice(t.device, problemOf(SIZES));
  await tuner.settled();

  assert.is(tuner.choice(t.device, problemOf(SIZES)), undefined);
  assert.is(tuner.note(problemOf(SIZES)), "no room");
});

test("a device measures beside the user's work, and its choices are kept", async () => {
  const store = memoryStore();
  await withTuning(store, async (device, tuner) => {
    product(device);
    const recorded = device.counts.dispatches;
    await tuner.settled();

    assert.is(device.counts.dispatches, recorded, "measuring is not recorded");
    const text = device.explain("matmul", { m: 64, n: 64, k: 64 });
    assert.match(text, /\nchosen \(measure\): .*: the fastest when measured\n/);
    await device.idle();
  });

  const text = store.text ?? "";
  assert.match(text, `{"version":"${VERSION}","adapters":{"`);
  await withTuning(store, async (device, tuner) => {
    product(device);
    await tuner.settled();
    const again = device.explain("matmul", { m: 64, n: 64, k: 64 });
    assert.match(again, /: the fastest when measured\n/);
    await device.idle();
  });
  assert.is(store.text, text, "nothing was measured again");
}, { seconds: 120 });

test("choices of another version are measured again", async () => {
  const store = memoryStore('{"version":"0.0.0","adapters":{"x":{"matmul":"lanes"}}}');
  await withTuning(store, async (device, tuner) => {
    product(device);
    await tuner.settled();
    await device.idle();
  });

  assert.match(store.text ?? "", `{"version":"${VERSION}"`);
  assert.not.match(store.text ?? "", '"x"');
}, { seconds: 120 });

test.needs("node", "a store that is damaged is announced and ignored", async () => {
  for (const [text, why] of [["{", "JSON"], ["[1]", "not what was saved"]] as const) {
    const said = await announcedBy(async () => {
      await withTuning(memoryStore(text), async (device) => await device.idle());
    });
    assert.match(said, /tune: the stored choices cannot be read: .*\. Measuring again\.\n/);
    assert.match(said, why);
  }
});

test.needs("files", "a file keeps choices; a missing one is empty", async () => {
  const path = `build/tune/${Math.random().toString(36).slice(2)}/choices.json`;
  const store = fileStore(path);

  assert.is(await store.load(), undefined);
  await store.save("one");
  await store.save("two");
  assert.is(await fileStore(path).load(), "two");
});

test.needs("browser", "the browser's database keeps choices; a new one is empty", async () => {
  const name = `dualgrad test ${Math.random()}`;
  const store = browserStore(name);

  assert.is(await store.load(), undefined);
  await store.save("one");
  await store.save("two");
  assert.is(await browserStore(name).load(), "two");
  indexedDB.deleteDatabase(name);
});

test("an unknown way to tune is refused", async () => {
  try {
    await openDevice({ tune: "guess" as "measure" });
    assert.unreachable("it was accepted");
  } catch (error) {
    assert.instance(error, RangeError);
    assert.is((error as Error).message,
      'openDevice: unknown way to tune: guess. Use "heuristic", "measure" or options.');
  }
});

test.needs("files", "the version is that of the package", async () => {
  const files = "node:fs/promises";
  const { readFile } = await import(files) as typeof import("node:fs/promises");
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };

  assert.is(VERSION, version);
});

test.run();
