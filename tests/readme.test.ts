// The README's program runs as it stands there.

import * as assert from "uvu/assert";
import { suite } from "./harness.ts";

const test = suite("README", { device: false });

// Names come from variables so that a bundle for the page does not try to resolve them.
const [ESBUILD, FS, CHILD] = ["esbuild", "node:fs", "node:child_process"];

const ENTRIES: Readonly<Record<string, string>> = {
  "dualgrad": "autograd", "dualgrad/nn": "nn", "dualgrad/optim": "optim",
};

test.needs("node", "the program under \"Use it\" learns and ends by itself", async () => {
  const { build } = await import(ESBUILD) as typeof import("esbuild");
  const { readFileSync, rmSync } = await import(FS) as typeof import("node:fs");
  const { spawnSync } = await import(CHILD) as typeof import("node:child_process");
  const [, program = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8")) ?? [];
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
  const losses = [...stdout.matchAll(/^\d+ ([\d.]+)$/gm)].map(([, loss]) => Number(loss));
  assert.is(losses.length, 5);
  // Guessing gives log 2 = 0.693; exclusive or needs the hidden layers.
  assert.ok((losses.at(-1) ?? NaN) < 0.3, String(losses));
}, { seconds: 90 });

test.run();
