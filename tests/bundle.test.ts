// What a user's bundle holds: only what is imported, and not too much of it.

import * as assert from "uvu/assert";
import type { BuildOptions } from "esbuild";
import { shrinkKernels } from "../.ci/shrink.ts";
import { suite } from "./harness.ts";

const test = suite("bundles", { device: false, seconds: 60 });

// Names come from variables so that a bundle for the page does not try to resolve them.
const [ESBUILD, ZLIB, FILES, CHILDREN] = [
  "esbuild", "node:zlib", "node:fs/promises", "node:child_process",
];

interface Packed {
  /** After minifying and gzip. */
  readonly bytes: number;
  readonly text: string;
}

/** A bundle of a text, with kernels as in the published package unless `shrink` is false. */
async function pack(contents: string, options: BuildOptions = {}, shrink = true): Promise<Packed> {
  const { build } = await import(ESBUILD) as typeof import("esbuild");
  const { gzipSync } = await import(ZLIB) as typeof import("node:zlib");
  const { readFile } = await import(FILES) as typeof import("node:fs/promises");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ".", loader: "ts" },
    bundle: true, minify: true, format: "esm", platform: "browser", write: false,
    plugins: shrink ? [shrinkKernels((path) => readFile(path, "utf8"))] : [],
    ...options,
  });
  const [file] = outputFiles ?? [];
  return { bytes: gzipSync(file?.contents ?? "", { level: 9 }).length, text: file?.text ?? "" };
}

test.needs("node", "matmul and valueAndGrad take under 15 KB after gzip", async () => {
  const { bytes } = await pack(
    'export { matmul, valueAndGrad } from "./autograd/index.ts";',
  );

  assert.ok(bytes < 15_000, `${bytes} bytes`);
});

test.needs("node", "a program that trains by modular descent takes under 76 KB", async () => {
  const { bytes } = await pack(`
    export { crossEntropy, openDevice, tensor, valueAndGrad } from "./autograd/index.ts";
    export { compose, linear, relu } from "./nn/index.ts";
    export { modularDescent } from "./optim/index.ts";
  `);

  assert.ok(bytes < 76_000, `${bytes} bytes`);
});

test.needs("node", "everything takes under 168 KB after gzip", async () => {
  const names = ["autograd", "nn", "optim", "engine"];
  const { bytes } = await pack(
    names.map((name) => `export * as ${name} from "./${name}/index.ts";`).join("\n"),
  );

  assert.ok(bytes < 168_000, `${bytes} bytes`);
});

test.needs("node", "an operation that is not used drops out with its kernel text", async () => {
  const { text } = await pack('export { relu } from "./autograd/index.ts";', {}, false);

  assert.match(text, "Larger of x and 0");
  assert.not.match(text, "Cody and Waite");
  assert.not.match(text, "Philox");
});

/** Kernels of every way of putting texts together, some of them unrolled. */
const PROGRAM = `
import { crossEntropy, embedding, geluTanh, grad, layerNorm, matmul, normal, openDevice, rng,
  scaledDotProductAttention, sum, tensor } from "./autograd/index.ts";
const device = await openDevice();
const ids = tensor([[0, 2, 1, 5, 2]], { dtype: "i32" });
const loss = ({ table, weight }) => {
  const x = embedding(table, ids);
  const y = scaledDotProductAttention(x, x, matmul(x, weight), { causal: true });
  return sum(crossEntropy(matmul(layerNorm(geluTanh(y)), weight), ids));
};
const grads = grad(loss)({ table: normal(rng(1), [6, 8]), weight: normal(rng(2), [8, 8]) });
console.log([...await grads.table.read(), ...await grads.weight.read()].join(" "));
device.close();
`;

test.needs("node", "shrunk kernels compute the same bits", async () => {
  const { execFileSync } = await import(CHILDREN) as typeof import("node:child_process");
  const { mkdir, writeFile } = await import(FILES) as typeof import("node:fs/promises");
  await mkdir("build", { recursive: true });
  const outputs: string[] = [];
  for (const shrink of [false, true]) {
    const { text } = await pack(PROGRAM, {
      platform: "node", packages: "external", target: "es2022",
    }, shrink);
    await writeFile("build/shrunk.js", text);
    outputs.push(execFileSync("node", ["build/shrunk.js"], { encoding: "utf8" }));
  }

  const [whole = "", shrunk] = outputs;
  assert.is(shrunk, whole);
  assert.is(whole.trim().split(" ").length, 112);
  assert.ok(whole.split(" ").every((word) => Number.isFinite(Number(word))), whole);
});

test.run();
