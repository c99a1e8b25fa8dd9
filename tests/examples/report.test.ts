// What the example programs print while they train.

import * as assert from "uvu/assert";
import { formatCount, formatDuration, formatNumber } from "../../examples/support/format.ts";
import { openReport } from "../../examples/support/report.ts";
import { layerTable, sampleBlock, table, wrap } from "../../examples/support/text.ts";
import { suite } from "../harness.ts";

const test = suite("examples: report", { device: false });

function stream(isTTY: boolean, columns = 80) {
  const written = { text: "", isTTY, columns };
  return Object.assign(written, { write: (part: string) => void (written.text += part) });
}

function report({ isTTY = false, json = false, steps = 100, columns = 80 } = {}) {
  const clock = { time: 0 };
  const [stdout, stderr] = [stream(isTTY, columns), stream(isTTY, columns)];
  const perStep = 1000;
  const now = (): number => clock.time;
  const opened = openReport({ steps, unit: "tokens", perStep, json, stdout, stderr, now });
  return { clock, stdout, stderr, report: opened };
}

test("with json every line of standard output is an object, and nothing goes elsewhere", () => {
  const { clock, stdout, stderr, report: r } = report({ json: true });
  r.start({ adapter: "Soft", optimizer: "modula" });
  clock.time = 0.5;
  r.step({ step: 1, loss: 2.5 });
  r.say("a table");
  clock.time = 1;
  r.step({ step: 2, loss: 2, valLoss: 2.25 });
  r.done({ valLoss: 2.25, accuracy: 0.5, steps: 2, adapter: "Soft" });
  const events: unknown[] = stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line));

  assert.equal(events, [
    { event: "start", adapter: "Soft", optimizer: "modula" },
    { event: "step", step: 1, loss: 2.5, rate: 2000 },
    { event: "step", step: 2, loss: 2, valLoss: 2.25, rate: 2000 },
    { event: "done", valLoss: 2.25, accuracy: 0.5, steps: 2, seconds: 1, adapter: "Soft" },
  ]);
  assert.is(stderr.text, "");
});

test("in a log file lines are plain, and few", () => {
  const { clock, stdout, stderr, report: r } = report();
  for (let step = 1; step <= 100; step++) {
    clock.time = step * 0.25;
    r.step({ step, loss: 2, ...(step === 50 ? { valLoss: 2.5 } : {}) });
  }

  assert.equal(stderr.text.match(/step +\d+/g), ["step   1", "step  41", "step  50", "step  90",
    "step 100"]);
  assert.not.match(stderr.text, /[\r\x1b]/);
  const middle = "step  50/100   loss 2.0000   val 2.5000      4k tokens/s   13 s left\n";
  assert.match(stderr.text, middle);
  assert.match(stderr.text, /step +1\/100 .*   compiled\n/); // no forecast by compiling
  assert.match(stderr.text, /done\n$/);
  assert.is(stdout.text, "");
});

test("in a terminal the line replaces itself, not too often, and fits", () => {
  const { clock, stdout, stderr, report: r } = report({ isTTY: true, columns: 30 });
  for (let step = 1; step <= 100; step++) {
    clock.time = step * 0.02;
    r.step({ step, loss: 2 });
  }
  r.say("result");
  const drawn = stderr.text.split("\r\x1b[2K").slice(1);

  assert.ok(drawn.length > 15 && drawn.length < 25, `${drawn.length} lines drawn`);
  assert.ok(drawn.every((line) => line.trimEnd().length <= 29));
  assert.match(drawn.at(-1) ?? "", /^step 100\/100.*\n$/);
  assert.is(stdout.text, "result\n");
});

test("a remark does not run into the progress line", () => {
  const { stderr, report: r } = report({ isTTY: true });
  r.step({ step: 1, loss: 2 });
  r.note("stopping");

  assert.match(stderr.text, /\nstopping\n$/);
});

test("a loss that is not finite stops the training", () => {
  for (const json of [true, false]) {
    const { stdout, report: r } = report({ json });
    assert.throws(() => r.step({ step: 7, loss: NaN }), /loss is not finite: NaN at step 7\./);
    assert.throws(() => r.step({ step: 7, loss: 1, valLoss: Infinity }), /validation loss is not/);
    assert.is(stdout.text, "");
  }
});

test("the summary for people shows loss, accuracy and time", () => {
  const { clock, stdout, report: r } = report();
  clock.time = 61;
  r.done({ valLoss: 1.23456, accuracy: 0.97512, steps: 9, adapter: "Soft" });

  const lines = ["validation loss   1.2346", "accuracy          97.51 %", "steps             9"];
  for (const line of [...lines, "time              1 min 01 s"]) assert.match(stdout.text, line);
});

test("numbers are short and without needless digits", () => {
  const shown = [0, 0.02, 1.50349, 12345.678, 1.25e-7, 3e8, NaN].map((x) => formatNumber(x));
  const counts = [0.5, 8.44, 999, 999.9, 1000, 12345, 1.19e6].map(formatCount);
  const times = [0.04, 9.94, 9.96, 59.4, 59.6, 125, 3599.7, 4320, Infinity].map(formatDuration);

  assert.equal(shown, ["0", "0.02", "1.503", "12350", "1.25e-7", "3e8", "NaN"]);
  assert.equal(counts, ["0.5", "8.44", "999", "1k", "1k", "12.3k", "1.19M"]);
  assert.equal(times, ["0.0 s", "9.9 s", "10 s", "59 s", "1 min 00 s", "2 min 05 s", "1 h 00 min",
    "1 h 12 min", "?"]);
});

test("tables have aligned columns", () => {
  const columns = [{ title: "a" }, { title: "b", align: "right" }] as const;
  const text = table(columns, [["long", "1"], ["x", "22"]]);

  assert.is(text, "a       b\n----   --\nlong    1\nx      22");
});

test("the table of layers shows norm over target", () => {
  const text = layerTable([{ name: "embed", shape: [81, 64], norm: 0.98, target: 2 }]);

  assert.match(text, /embed +81 x 64 +0\.9800 +2 +0\.490$/);
});

test("generated text is wrapped and set apart, its own line breaks kept", () => {
  const block = sampleBlock("Call ", "me\n\nIshmael now", 12);

  assert.is(block, "  | Call me\n  |\n  | Ishmael\n  | now");
  assert.equal(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
  assert.equal(wrap("", 3), [""]);
});

test.run();
