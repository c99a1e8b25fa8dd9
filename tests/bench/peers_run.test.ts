// The cases of bench:peers, and the program in a process of its own as far as it starts no library.

import * as assert from "uvu/assert";
import { CASES } from "../../bench/peers/cases.ts";
import { suite } from "../harness.ts";
import { onExit } from "../host.ts";

const test = suite("bench:peers program", { device: false, seconds: 120 });

// Names come from variables so that a bundle for the page does not try to resolve them.
async function load<M>(name: string): Promise<M> {
  return (await import(name)) as M;
}

async function bundle(): Promise<string> {
  const esbuild = await load<typeof import("esbuild")>("esbuild");
  const outfile = `build/peers_test_${globalThis.process.pid}.mjs`;
  await esbuild.build({
    entryPoints: ["bench/peers/run.ts"], bundle: true, format: "esm", platform: "node",
    target: "node20", packages: "external", outfile, logLevel: "silent",
  });
  const { rmSync } = await load<typeof import("node:fs")>("node:fs");
  onExit(() => rmSync(outfile));
  return outfile;
}

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function runProgram(file: string, ...args: readonly string[]): Promise<Outcome> {
  const { execFile } = await load<typeof import("node:child_process")>("node:child_process");
  return await new Promise((resolve) => {
    const child = execFile(globalThis.process.execPath, [file, ...args], (_, out, err) => {
      resolve({ code: child.exitCode, out, err });
    });
  });
}

test("every case has a name of its own", () => {
  const names = CASES.map(({ name }) => name);

  assert.is(new Set(names).size, names.length);
  assert.ok(names.length >= 20, `${names.length} cases`);
});

test("the small network's losses fall in float64", () => {
  const task = CASES.find(({ name }) => name === "tiny step sgd")?.make();
  const losses = task?.kind === "train" ? task.losses : [];

  assert.is(losses.length, 3);
  assert.ok(losses.every((loss, i) => i === 0 || loss < (losses[i - 1] ?? NaN)), String(losses));
});

test.needs("node", "a wrong command line ends at once, in one line, with code 2", async () => {
  const file = await bundle();
  const help = await runProgram(file, "--help");
  const { code, out, err } = await runProgram(file, "--cases", "fft");

  assert.is(help.code, 0);
  assert.match(help.out, "Usage: npm run bench:peers");
  assert.equal([code, out], [2, ""]);
  assert.match(err, /^bench:peers: --cases: nothing has "fft" in its name\. Choose from .*\n$/);
});

test.run();
