// The program itself, in a process of its own.

import * as assert from "uvu/assert";
import { suite } from "../harness.ts";
import { onExit } from "../host.ts";

const test = suite("bench program", { device: false, seconds: 120 });

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

// Names come from variables so that a bundle for the page does not try to resolve them.
async function load<M>(name: string): Promise<M> {
  return (await import(name)) as M;
}

let bundled: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const esbuild = await load<typeof import("esbuild")>("esbuild");
  const outfile = `build/bench_test_${globalThis.process.pid}.mjs`;
  await esbuild.build({
    entryPoints: ["bench/run.ts"], bundle: true, format: "esm", platform: "node",
    target: "node20", packages: "external", outfile, logLevel: "silent",
  });
  const { rmSync } = await load<typeof import("node:fs")>("node:fs");
  onExit(() => rmSync(outfile));
  return outfile;
}

async function runBench(...args: readonly string[]): Promise<Outcome> {
  const file = await (bundled ??= bundle());
  const { execFile } = await load<typeof import("node:child_process")>("node:child_process");
  const { process } = globalThis;
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [file, ...args], (_, out, err) => {
      resolve({ code: child.exitCode, out, err });
    });
  });
}

test.needs("node", "an unknown name or size ends at once, in one line, with code 2", async () => {
  const unknown = await runBench("fft");
  assert.equal([unknown.code, unknown.out], [2, ""]);
  assert.match(unknown.err, /^bench: no such bench: "fft"\. Choose matmul, .*\w or \w+\.\n$/);
  const { code, err } = await runBench("softmax", "--size", "8");
  assert.is(code, 2);
  assert.match(err, /^bench: --size: softmax takes no such size: 8\. Give one like .*\n$/);
});

test.needs("node", "a run prints a line of JSON for each case and ends by itself", async () => {
  const { code, out } = await runBench("softmax", "--size", "64x64", "--json");
  const rows = out.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);

  assert.is(code, 0);
  assert.equal(rows.map(({ name }) => name),
    ["roofline copy", "roofline matmul", "softmax", "log softmax", "softmax + gradient"]);
  for (const row of rows) {
    assert.ok(Number(row.median_ms) > 0 && Number(row.runs) >= 3 && Number(row.dispatches) > 0);
    assert.ok(typeof row.adapter === "string" && typeof row.software === "boolean");
  }
});

test.run();
