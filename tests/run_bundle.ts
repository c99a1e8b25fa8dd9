// Bundles the programs of the test run, one bundle a runtime.
import { build } from "esbuild";
import type { BuildOptions } from "esbuild";

/** A runtime the tests run in. */
export type Runtime = "node" | "deno" | "browser";

/** The runtimes, in the order they are run. */
export const RUNTIMES: readonly Runtime[] = ["node", "deno", "browser"];

// Node finds packages by itself, and its native ones cannot be bundled. Deno and the page get one
// file with everything in it; in the page what reads files is imported only on other hosts.
const OPTIONS: Readonly<Record<Runtime, BuildOptions>> = {
  node: { platform: "node", packages: "external" },
  deno: { platform: "node", conditions: ["deno"] },
  browser: { platform: "browser", external: ["node:*"] },
};

/**
 * Bundles one entry file for a runtime.
 *
 * @param entry path from the repository's root
 * @returns path of the bundle
 * @throws Error with esbuild's messages if it cannot be bundled
 */
export async function bundle(entry: string, runtime: Runtime): Promise<string> {
  const name = entry.replace(/^.*\/|\.ts$/g, "");
  const outfile = `build/${name}.${runtime}.js`;
  await build({
    ...OPTIONS[runtime],
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    ignoreAnnotations: true, // test files are imported for their effect alone
    sourcemap: "inline",
    logLevel: "warning",
  });
  return outfile;
}
