// How the test run reads its children. Node only, as it starts processes.

import process from "node:process";
import * as assert from "uvu/assert";
import { suite } from "./harness.ts";
import { runChild } from "./run_child.ts";

const test = suite("run child", { device: false });

const nothing = { passed: 0, failed: 0, skipped: 0 };

function runScript(script: string, seconds = 30): ReturnType<typeof runChild> {
  return runChild([process.execPath, "--eval", script], seconds);
}

test("the last closing line counts, and exit code 1 goes with failed tests", async () => {
  const result = await runScript(
    'console.log("1 passed, 0 failed, 0 skipped\\n4 passed, 2 failed, 3 skipped"); '
      + "process.exitCode = 1",
  );

  assert.equal(result, { totals: { passed: 4, failed: 2, skipped: 3 } });
});

test("a bad exit code is one failure more where no test failed", async () => {
  const result = await runScript(
    'console.log("4 passed, 0 failed, 0 skipped"); process.exitCode = 1',
  );

  assert.equal(result.totals, { passed: 4, failed: 1, skipped: 0 });
  assert.is(result.broken, "ended with exit code 1");
});

test("a child without a closing line has failed", async () => {
  const result = await runScript("");

  assert.equal(result.totals, { ...nothing, failed: 1 });
  assert.is(result.broken, "ended without its closing line");
});

test("a child over its time is stopped and has failed", async () => {
  const result = await runScript("setInterval(() => {}, 1000)", 0.5);

  assert.equal(result.totals, { ...nothing, failed: 1 });
  assert.is(result.broken, "stopped after 0.5 s");
});

test("a program that is not there has failed", async () => {
  const result = await runChild(["./no-such-program"], 30);

  assert.is(result.totals.failed, 1);
  assert.match(result.broken ?? "", /^could not be started: .*no-such-program/);
});

test("an unavailable runtime is skipped with its reason", async () => {
  const result = await runScript('console.log("unavailable: no browser here")');

  assert.equal(result, { totals: { ...nothing, skipped: 1 }, unavailable: "no browser here" });
});

test.run();
