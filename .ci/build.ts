// Bundles the published package, one build for each kind of host: `npm run build`.
import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import type { BuildOptions } from "esbuild";
import { shrinkKernels } from "./shrink.ts";

const HOSTS: Readonly<Record<string, BuildOptions>> = {
  node: { platform: "node" },
  web: { platform: "browser" },
  deno: { platform: "neutral", conditions: ["deno"] },
};

for (const [host, options] of Object.entries(HOSTS)) {
  await build({
    ...options,
    entryPoints: ["engine", "autograd", "nn", "optim"].map((folder) => `${folder}/index.ts`),
    outdir: `dist/${host}`,
    outbase: ".",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    packages: "external",
    logLevel: "warning",
    plugins: [shrinkKernels((path) => readFile(path, "utf8"))],
  });
}
