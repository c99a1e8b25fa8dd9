// The command lines of the example programs.

import * as assert from "uvu/assert";
import { helpText } from "../../examples/support/help.ts";
import { nearest } from "../../examples/support/nearest.ts";
import { parseOptions } from "../../examples/support/options.ts";
import { trainingOptions, UsageError } from "../../examples/support/option_types.ts";
import { runProgram } from "../../examples/support/program.ts";
import { suite } from "../harness.ts";

const test = suite("examples: options", { device: false });

const program = {
  command: "npm start --",
  summary: "Trains a small model on a text.",
  options: trainingOptions({
    lr: { modula: 0.5, muon: 0.02, adam: 0.001, sgd: 0.1 },
    steps: 600,
    width: { min: 16, max: 1024, multipleOf: 4, default: 64 },
    out: "out/gpt",
    data: { value: "FILE", help: "text to learn, instead of the novel" },
  }),
};

const parse = (...args: string[]) => parseOptions(program, args);

function refuses(message: RegExp, ...args: string[]): void {
  assert.throws(() => parse(...args), (e: unknown) => {
    assert.instance(e, UsageError);
    assert.match((e as Error).message, message);
    assert.not.match((e as Error).message, "\n");
    return true;
  });
}

async function run(args: string[], main = async () => 0) {
  const text = { out: "", err: "" };
  const host = {
    argv: ["node", "program", ...args],
    stdout: { write: (part: string) => void (text.out += part) },
    stderr: { write: (part: string) => void (text.err += part) },
    exitCode: undefined as number | string | null | undefined,
  };
  await runProgram(program, main, host);
  return { ...text, exitCode: host.exitCode };
}

test("without arguments every option has its default", () => {
  assert.equal(parse(), {
    optimizer: "modula",
    lr: 0.5,
    steps: 600,
    seed: 1,
    width: 64,
    data: "",
    out: "out/gpt",
    json: false,
    help: false,
  });
});

test("the default learning rate goes with the optimizer, wherever it stands", () => {
  assert.is(parse("--optimizer", "adam").lr, 0.001);
  assert.is(parse("--lr", "3", "--optimizer=muon").lr, 3);
});

test("values are taken after a space or an equals sign, and the last one counts", () => {
  const { lr, steps, out, json } = parse("--lr=1e-3", "--steps", "1e3", "--out=a=b", "--json");

  assert.equal([lr, steps, out, json], [0.001, 1000, "a=b", true]);
  assert.is(parse("--seed", "3", "--seed", "4").seed, 4);
});

test("an unknown option is refused with the nearest one", () => {
  refuses(/unknown option: --optimzer\. Did you mean --optimizer\?/, "--optimzer", "adam");
  refuses(/unknown option: --step\. Did you mean --steps\?/, "--step=5");
  refuses(/unknown option: --no-json\. Did you mean --json\?/, "--no-json");
  refuses(/unknown option: --constructor/, "--constructor");
  refuses(/unknown option: -s/, "-s");
});

test("stray words, missing values and values of flags are refused", () => {
  refuses(/unexpected word: "adam"/, "adam");
  refuses(/--lr: has no value\. Give a number from 1e-8 to 1000\./, "--lr");
  refuses(/--out: has no value\. Give a folder\./, "--out", "--json");
  refuses(/--out: has no value/, "--out=");
  refuses(/--json: takes no value: "yes"/, "--json=yes");
});

test("numbers are refused unless they are plain, in range and of the right kind", () => {
  for (const bad of ["NaN", "Infinity", "abc", "0x10", "1,5", " ", "1e", "--"]) {
    refuses(/--lr: (not a number|has no value)/, "--lr", bad);
  }
  for (const bad of ["0", "-1", "1e99", "1e-99"]) refuses(/--lr: out of range/, "--lr", bad);
  refuses(/--steps: out of range: "0"\. Give a whole number from 1 to /, "--steps", "0");
  refuses(/--steps: not a whole number: "1\.5"/, "--steps", "1.5");
  refuses(/--seed: out of range/, "--seed", "-1");
  refuses(/--width: not a multiple of 4: "66"/, "--width", "66");
  assert.is(parse("--seed", "0").seed, 0);
});

test("an unknown optimizer is refused with the list", () => {
  refuses(/unknown value: "adamw"\. Choose modula, muon, adam or sgd\./, "--optimizer", "adamw");
});

test("the help text lists every option with its default, in 80 columns", () => {
  const lines = helpText(program).split("\n");

  for (const name of Object.keys(program.options)) {
    assert.ok(lines.some((line) => line.startsWith(`  --${name}`)), name);
  }
  assert.ok(lines.every((line) => line.length <= 80));
  assert.match(lines.join(" "), /0\.02 for\s+muon/);
});

test("--help prints to standard output and runs nothing", async () => {
  const { out, err, exitCode } = await run(["--lr", "abc", "--help"], async () => {
    throw new Error("ran");
  });

  assert.match(out, "Usage: npm start -- [options]");
  assert.equal([err, exitCode], ["", undefined]);
});

test("a wrong call ends with one line and exit code 2, a failed run with 1", async () => {
  const wrong = await run(["--lr", "NaN"]);
  const failed = await run([], async () => {
    throw new Error("train: it broke.");
  });

  assert.match(wrong.err, /^--lr: not a number: "NaN"\. .* See npm start -- --help\.\n$/);
  assert.equal([wrong.out, wrong.exitCode], ["", 2]);
  assert.equal([failed.err, failed.exitCode], ["train: it broke.\n", 1]);
});

test("the exit code of the run is the program's", async () => {
  assert.is((await run([], async () => 130)).exitCode, 130);
});

test("the nearest word is the abbreviated one, then the one with the fewest edits", () => {
  assert.is(nearest("opt", ["out", "optimizer"]), "optimizer");
  assert.is(nearest("sedd", ["steps", "seed"]), "seed");
  assert.throws(() => nearest("x", []), RangeError);
});

test.run();
