// The other libraries: installed when missing, and started on the device that is exposed.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import process from "node:process";
import type { Tf } from "@tensorflow/tfjs-core";
import { build } from "esbuild";
import type { Contestant } from "./contestant.ts";
import { jaxJs } from "./jax.ts";
import { onnxruntime } from "./onnxruntime.ts";
import { tfjs } from "./tfjs.ts";

/** Where this program's own manifest and lockfile are, from the root of the repository. */
const FOLDER = "bench/peers";

/** Installs what the lockfile says, unless it is there. */
export function install(): void {
  const wanted = versionsIn(join(FOLDER, "package-lock.json"));
  const installed = join(FOLDER, "node_modules/.package-lock.json");
  const there = existsSync(installed) ? versionsIn(installed) : {};
  if (Object.keys(wanted).every((name) => there[name] === wanted[name])) return;
  const args = ["ci", "--prefix", FOLDER, "--ignore-scripts", "--no-audit", "--no-fund"];
  execFileSync("npm", args, { stdio: ["ignore", process.stderr, process.stderr] });
}

/** Versions of the packages in a lockfile, by their folders. */
function versionsIn(file: string): Readonly<Record<string, string>> {
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as {
    packages: Readonly<Record<string, { version?: string; optional?: boolean }>>;
  };
  return Object.fromEntries(Object.entries(packages).flatMap(([folder, entry]) => {
    const isPackage = folder !== "" && entry.version !== undefined && !entry.optional;
    return isPackage ? [[folder, entry.version as string]] : [];
  }));
}

/** Starts one or two contestants of a library. */
type Starter = (gpu: GPUDevice) => Promise<Contestant>;

/** How each is started, by its name in the table. */
const STARTERS: Readonly<Record<string, Starter>> = {
  "jax-js": () => startJax(false),
  "jax-js jit": () => startJax(true),
  "tfjs": startTfjs,
  "onnxruntime-web": startOnnxruntime,
};

/** The names of all of them. */
export const PEERS: readonly string[] = Object.keys(STARTERS);

/** Starts those of the names; all if there are none. */
export async function startPeers(gpu: GPUDevice, names: readonly string[]): Promise<Contestant[]> {
  const list: Contestant[] = [];
  for (const [name, start] of Object.entries(STARTERS)) {
    if (names.length === 0 || names.includes(name)) list.push(await start(gpu));
  }
  return list;
}

/** Finds files of the libraries, from beside the bundle of this program. */
const require = createRequire(import.meta.url);

function versionOf(name: string): string {
  const path = join(FOLDER, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

/** `map` and `filter` of iterators, which jax-js uses and Node has from version 22 on. */
function provideIteratorHelpers(): void {
  const arrays = Object.getPrototypeOf([].values()) as object;
  const iterators = Object.getPrototypeOf(arrays) as { map?: unknown; filter?: unknown };
  iterators.map ??= function* map<T, R>(this: Iterable<T>, f: (value: T, index: number) => R) {
    let index = 0;
    for (const value of this) yield f(value, index++);
  };
  iterators.filter ??= function* filter<T>(this: Iterable<T>, test: (value: T) => boolean) {
    for (const value of this) if (test(value)) yield value;
  };
}

async function startJax(jit: boolean): Promise<Contestant> {
  provideIteratorHelpers();
  const jax = await import("@jax-js/jax");
  await jax.init("webgpu");
  jax.defaultDevice("webgpu");
  return jaxJs(jax, versionOf("@jax-js/jax"), jit);
}

/** Its gradients are modules of their own, which its documentation has users bundle. */
const TFJS_ENTRY = `
  import "@tensorflow/tfjs-core/dist/register_all_gradients";
  import "@tensorflow/tfjs-backend-webgpu";
  export * from "@tensorflow/tfjs-core";
`;

async function startTfjs(gpu: GPUDevice): Promise<Contestant> {
  const outfile = join(FOLDER, "build/tfjs.cjs");
  await build({
    stdin: { contents: TFJS_ENTRY, resolveDir: FOLDER }, outfile, bundle: true, format: "cjs",
    platform: "node", mainFields: ["module", "main"], logLevel: "error",
  });
  const tf = require(resolve(outfile)) as Tf;
  await tf.setBackend("webgpu");
  await tf.ready();
  return tfjs(tf, gpu);
}

async function startOnnxruntime(gpu: GPUDevice): Promise<Contestant> {
  const ort = await import("onnxruntime-web/webgpu");
  const file = require.resolve("onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm");
  ort.env.wasm.wasmBinary = readFileSync(file);
  ort.env.wasm.numThreads = 1; // its threads would only wait
  ort.env.logLevel = "error";
  return onnxruntime(ort, gpu);
}
