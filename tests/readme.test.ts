// The README's programs run as they stand there.

import * as assert from "uvu/assert";
import { suite } from "./harness.ts";

const test = suite("README", { device: false });

// Names come from variables so that a bundle for the page does not try to resolve them.
const [ESBUILD, FS, CHILD] = ["esbuild", "node:fs", "node:child_process"];

const ENTRIES: Readonly<Record<string, string>> = {
  "dualgrad": "autograd", "dualgrad/nn": "nn", "dualgrad/optim": "optim",
};

/** What the program under a heading prints. It has to end by itself. */
async function outputOf(heading: string): Promise<string> {
  const { build } = await import(ESBUILD) as typeof import("esbuild");
  const { readFileSync, rmSync } = await import(FS) as typeof import("node:fs");
  const { spawnSync } = await import(CHILD) as typeof import("node:child_process");
  const [, below = ""] = readFileSync("README.md", "utf8").split(`\n## ${heading}\n`);
  const [, program = ""] = /```ts\n([\s\S]*?)```/.exec(below) ?? [];
  const contents = program.replace(/from "(dualgrad[^"]*)"/g, (_, entry: string) => {
    return `from "./${ENTRIES[entry]}/index.ts"`;
  });
  const outfile = `build/readme_${globalThis.process.pid}.mjs`;
  await build({
    stdin: { contents, resolveDir: ".", loader: "ts" }, outfile, bundle: true, format: "esm",
    platform: "node", target: "node20", packages: "external", logLevel: "silent",
  });

  const { status, stdout } = spawnSync(globalThis.process.execPath, [outfile], {
    encoding: "utf8", timeout: 60_000,
  });
  rmSync(outfile);
  assert.is(status, 0);
  return stdout;
}

test.needs("node", "the program under \"Use it\" learns and ends by itself", async () => {
  const output = await outputOf("Use it");

  const losses = [...output.matchAll(/^\d+ ([\d.]+)$/gm)].map(([, loss]) => Number(loss));
  assert.is(losses.length, 5);
  // Guessing gives log 2 = 0.693; exclusive or needs the hidden layers.
  assert.ok((losses.at(-1) ?? NaN) < 0.3, String(losses));
}, { seconds: 90 });

test.needs("node", "the program under \"Make it fast\" learns by one record", async () => {
  const output = await outputOf("Make it fast");

  const losses = [...output.matchAll(/^\d+ ([\d.]+)$/gm)].map(([, loss]) => Number(loss));
  assert.is(losses.length, 3);
  assert.ok((losses.at(-1) ?? NaN) < 0.3, String(losses)); // guessing gives 0.693
  assert.is(output.trim().split("\n").at(-1), "1");
}, { seconds: 90 });

test.needs("node", "the program under \"Optimizers\" goes on with the same bits", async () => {
  assert.is((await outputOf("Optimizers")).trim().split("\n").at(-1), "true");
}, { seconds: 90 });

test.needs("node", "the program under \"Differentiate anything\" is right", async () => {
  const output = await outputOf("Differentiate anything");

  const [first = "", second = ""] = output.split(/(?<=\])\nFloat32Array\(2\)/);
  const numbers = (text: string) => {
    return [...text.matchAll(/-?\d+\.\d+|(?<=[ [])0(?=[, \]])/g)].map(Number);
  };
  const f = (t: number) => Math.sin(t) + Math.exp(2 * t);
  const expected = [
    f(0.5) + f(1) + f(2),
    ...[0.5, 1, 2].map((t) => Math.cos(t) + 2 * Math.exp(2 * t)),
    4 * Math.exp(1) - Math.sin(0.5), 0, 0,
  ];
  const got = numbers(first);
  assert.is(got.length, expected.length, output);
  // A few roundings of float32 each.
  expected.forEach((y, i) => assert.ok(Math.abs((got[i] ?? NaN) - y) <= 1e-5 * y, output));
  const [a, b, ...rest] = numbers(second.split("\n")[0] ?? "");
  assert.equal(rest.map((y) => y.toFixed(5)), [a, b].map((y) => y?.toFixed(5)));
  assert.match(output, /^true gradcheck: 0 of /m);
}, { seconds: 90 });

test.needs("node", "the program under \"Geometry\" shows its norms and certificates", async () => {
  const output = await outputOf("Geometry");

  assert.match(output, /hidden\.weight +\[32, 8\] +256 +33\.3 % +1 +rmsToRms: /);
  assert.match(output, /head\.weight .*withRadius\(rmsToLinf, 2\)/);
  const layers = [...output.matchAll(/^(\w+\.weight) rms to rms ([\d.]+) ([\d.e-]+)$/gm)];
  assert.equal(layers.map(([, path]) => path), ["hidden.weight", "head.weight"]);
  const last = /^([\d.]+) Float64Array\(12\) \[([^\]]*)\]/m.exec(output);
  const [, bound = "", radii = ""] = last ?? [];
  const product = layers.reduce((all, [, , upper]) => all * Number(upper), 1);
  assert.ok(Math.abs(Number(bound) / product - 1) < 1e-9, output); // relu has slope one
  assert.ok(radii.split(",").filter((r) => Number(r) > 0).length > 6, output); // guessing gets 4
  assert.match(output, /^<svg$/m);
}, { seconds: 90 });

test.run();
