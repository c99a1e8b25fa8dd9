// The command line. Node only, as it reads it by node:util.

import * as assert from "uvu/assert";
import { helpText, isAsked, parseOptions } from "../../bench/options.ts";
import { suite } from "../harness.ts";

const test = suite("bench options", { device: false });
const names = ["matmul", "sum", "sign"];

test("a name alone asks for the table of its usual sizes", () => {
  assert.equal(parseOptions(["sum"], names), {
    name: "sum", json: false, only: "", sizes: [],
  });
});

test("options come before or after the name, and sizes add up", () => {
  const sizes = [256, [256, 1024], 64];

  assert.equal(parseOptions(["--json", "sign", "--size", "256,256x1024", "--size=64"], names),
    { name: "sign", json: true, only: "", sizes });
  assert.is(parseOptions(["sum", "--only", "mean"], names)?.only, "mean");
});

test("a list asks for every name with one of its texts, an empty one for all", () => {
  const names = ["softmax", "layer norm", "gather"];
  const asked = (only: string) => names.filter((name) => isAsked(name, only));

  assert.equal(asked("soft,norm"), ["softmax", "layer norm"]);
  assert.equal(asked("ga"), ["gather"]);
  assert.equal(asked("sort"), []);
  assert.equal(asked(""), names);
});

test("help is asked for without a name and lists the names", () => {
  assert.is(parseOptions(["--help"], names), undefined);
  assert.match(helpText(names), "matmul, sum or sign");
});

test("whatever is wrong is said with the choices", () => {
  const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
    [[], "no bench is named. Choose matmul, sum or sign."],
    [["product"], 'no such bench: "product". Choose matmul, sum or sign.'],
    [["toString"], 'no such bench: "toString". Choose matmul, sum or sign.'],
    [["sum", "sign"], 'more than one bench is named: "sign". Name one at a time.'],
    [["sum", "--sizes", "4"], "unknown option: --sizes. Use --json, --size, --only or --help."],
    [["sum", "-j"], "unknown option: -j. Use --json, --size, --only or --help."],
    [["sum", "--size"], "--size: has no value. Give whole numbers, as in 256,512 or 256x1024."],
    [["sum", "--size", "--json"], "--size: has no value. Give whole numbers"],
    [["sum", "--only"], "--only: has no value. Give text of a name, as in --only sort."],
    [["sum", "--json=yes"], '--json: takes no value: "yes". Write --json alone.'],
  ];
  for (const [args, message] of wrong) assert.throws(() => parseOptions(args, names), message);
});

test.run();
