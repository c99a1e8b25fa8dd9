// The command line of bench:peers. Node only, as it reads it by node:util.

import * as assert from "uvu/assert";
import { helpText, parseOptions } from "../../bench/peers/options.ts";
import { UsageError } from "../../bench/size.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("bench:peers options", { device: false });
const cases = ["matmul 64", "matmul 512", "a*b+c 4M"];
const peers = ["jax-js", "jax-js jit", "tfjs"];

test("nothing given asks for all cases, all libraries and tables", () => {
  assert.equal(parseOptions([], cases, peers), { cases: [], peers: [], json: false, rounds: 7 });
});

test("lists are divided by commas", () => {
  const args = ["--cases", "matmul, a*b", "--peers=tfjs,jax-js jit", "--rounds", "3", "--json"];

  assert.equal(parseOptions(args, cases, peers), {
    cases: ["matmul", "a*b"], peers: ["tfjs", "jax-js jit"], json: true, rounds: 3,
  });
});

test("help lists cases and libraries", () => {
  assert.is(parseOptions(["--json", "--help"], cases, peers), undefined);
  assert.match(helpText(cases, peers), "jax-js, jax-js jit, tfjs");
  assert.match(helpText(cases, peers), "Cases: matmul 64; matmul 512; a*b+c 4M");
});

test("whatever is wrong is said with the choices", () => {
  const use = "Use --cases, --peers, --rounds, --json or --help.";
  const names = `Choose from ${cases.join(", ")}.`;
  const libraries = `Choose from ${peers.join(", ")}.`;
  const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
    [["matmul"], `not an option: matmul. ${use}`],
    [["--case", "sum"], `unknown option: --case. ${use}`],
    [["--cases"], `--cases: has no value. ${names}`],
    [["--cases", "--json"], `--cases: has no value. ${names}`],
    [["--cases", "matmul,fft"], `--cases: nothing has "fft" in its name. ${names}`],
    [["--cases", "matmul,"], `--cases: nothing has "" in its name. ${names}`],
    [["--peers", "jax"], `--peers: there is no "jax". ${libraries}`],
    [["--rounds", "0"], '--rounds: not a number of rounds: "0". Give a whole one from 1.'],
    [["--rounds", "2.5"], '--rounds: not a number of rounds: "2.5". Give a whole one from 1.'],
    [["--json=yes"], '--json: takes no value: "yes". Write --json alone.'],
  ];
  for (const [args, message] of wrong) {
    assertThrows(() => parseOptions(args, cases, peers), UsageError, message);
  }
});

test.run();
