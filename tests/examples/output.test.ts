// The output folder, and Ctrl-C.

import { EventEmitter } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { watchInterrupt } from "../../examples/support/interrupt.ts";
import { UsageError } from "../../examples/support/option_types.ts";
import { openOutput } from "../../examples/support/output.ts";
import { suite } from "../harness.ts";

const test = suite("examples: output", { device: false });

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "dualgrad-out-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  assert.instance(error, Error);
  return error as Error;
}

test("the folder is made, and left empty until something is written", async () => {
  await inFolder(async (folder) => {
    const output = await openOutput(join(folder, "a/b"));

    assert.equal(await readdir(output.folder), []);
  });
});

test("files are written whole, over older ones, with nothing left beside them", async () => {
  await inFolder(async (folder) => {
    const output = await openOutput(folder);
    await output.write("loss.svg", "old");
    const path = await output.write("loss.svg", "new");

    assert.is(path, join(folder, "loss.svg"));
    assert.is(await readFile(path, "utf8"), "new");
    assert.equal(await readdir(folder), ["loss.svg"]);
  });
});

test("a folder that cannot be written is refused by name", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const noRoom = process.platform === "linux" ? ["/proc/none/below"] : []; // also for root
    for (const wrong of [file, join(file, "below"), ...noRoom]) {
      const error = await failure(openOutput(wrong));

      assert.instance(error, UsageError);
      assert.match(error.message, `--out: cannot be written: "${wrong}" (E`);
    }
  });
});

test("a write that fails leaves the older file and no half of a new one", async () => {
  await inFolder(async (folder) => {
    const output = await openOutput(folder);
    await openOutput(join(folder, "taken.svg/inner")); // a folder with that name cannot be replaced
    await failure(output.write("taken.svg", "new"));

    assert.equal(await readdir(folder), ["taken.svg"]);
  });
});

test("Ctrl-C asks once, and after a moment has its usual meaning again", async () => {
  const signals = new EventEmitter();
  let notes = 0;
  using interrupt = watchInterrupt({ signals, grace: 0.02, notify: () => void notes++ });
  assert.is(interrupt.requested, false);
  signals.emit("SIGINT");
  signals.emit("SIGINT"); // the same key press, passed on by npm

  assert.equal([interrupt.requested, notes, signals.listenerCount("SIGINT")], [true, 1, 1]);
  // Our unreferenced timer fires only while something else keeps the process alive.
  await sleep(60);
  assert.is(signals.listenerCount("SIGINT"), 0);
});

test("nobody listens for Ctrl-C when the watch is over", () => {
  const signals = new EventEmitter();
  {
    using interrupt = watchInterrupt({ signals });
    assert.is(interrupt.requested, false);
  }

  assert.is(signals.listenerCount("SIGINT"), 0);
});

test.run();
