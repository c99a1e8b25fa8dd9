// What a user's bundle holds: only what is imported, and not too much of it.

import * as assert from "uvu/assert";
import { suite } from "./harness.ts";

const test = suite("bundles", { device: false });

// Names come from variables so that a bundle for the page does not try to resolve them.
const [ESBUILD, ZLIB] = ["esbuild", "node:zlib"];

/** Bytes after minifying and gzip. */
async function packedSize(contents: string): Promise<{ bytes: number; text: string }> {
  const { build } = await import(ESBUILD) as typeof import("esbuild");
  const { gzipSync } = await import(ZLIB) as typeof import("node:zlib");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ".", loader: "ts" },
    bundle: true, minify: true, format: "esm", platform: "browser", write: false,
  });
  const [file] = outputFiles;
  return { bytes: gzipSync(file?.contents ?? "", { level: 9 }).length, text: file?.text ?? "" };
}

test.needs("node", "matmul and valueAndGrad take under 15 KB after gzip", async () => {
  const { bytes } = await packedSize(
    'export { matmul, valueAndGrad } from "./autograd/index.ts";',
  );

  assert.ok(bytes < 15_000, `${bytes} bytes`);
});

test.needs("node", "everything takes under 60 KB after gzip", async () => {
  const names = ["autograd", "nn", "optim", "engine"];
  const { bytes } = await packedSize(
    names.map((name) => `export * as ${name} from "./${name}/index.ts";`).join("\n"),
  );

  assert.ok(bytes < 60_000, `${bytes} bytes`);
});

test.needs("node", "an operation that is not used drops out with its kernel text", async () => {
  const { text } = await packedSize('export { relu } from "./autograd/index.ts";');

  assert.match(text, "Larger of x and 0");
  assert.not.match(text, "Cody and Waite");
  assert.not.match(text, "Philox");
});

test.run();
