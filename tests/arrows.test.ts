// The arrows between the folders, read from the bundler's metafile. Runs in Node, from the root.

import * as assert from "uvu/assert";
import { findCycle, hasDefaultExport, pastTheIndex, wrongWay } from "./arrows.ts";
import type { Arrow } from "./arrows.ts";
import { suite } from "./harness.ts";

const FOLDERS = ["kernels", "engine", "autograd", "nn", "optim", "tests", "bench", "examples"];
const CORE = ["engine", "autograd", "nn", "optim"];

const test = suite("imports", { device: false, seconds: 60 });

interface Import {
  readonly from: string;
  readonly to: string;
  readonly external: boolean;
}

// Names come from variables so that a bundle for the page does not try to resolve them.
async function load<M>(name: string): Promise<M> {
  return (await import(name)) as M;
}

async function sources(): Promise<string[]> {
  const { existsSync, readdirSync } = await load<typeof import("node:fs")>("node:fs");
  return FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
      .filter((name) => !name.includes("node_modules"))
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
  );
}

// Every file is an entry, so that a file nobody imports yet is seen too.
async function readImports(): Promise<Import[]> {
  const esbuild = await load<typeof import("esbuild")>("esbuild");
  const { metafile } = await esbuild.build({
    entryPoints: await sources(),
    bundle: true,
    write: false,
    splitting: true, // without it every entry would be printed with all that it imports
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
    outdir: "build",
    logLevel: "silent",
  });
  return Object.entries(metafile.inputs).flatMap(([from, { imports }]) =>
    imports.map(({ path, external }) => ({ from, to: path, external: external ?? false })),
  );
}

let cached: Promise<Import[]> | undefined;

async function ownArrows(): Promise<Arrow[]> {
  cached ??= readImports();
  return (await cached).filter(({ external }) => !external);
}

test.needs("node", "all go one way: kernels, engine, autograd, nn, optim, then tests", async () => {
  const arrows = await ownArrows();

  assert.ok(arrows.length > 10, "the metafile has imports");
  assert.equal(wrongWay(arrows), []);
});

test.needs("node", "a folder is entered through its index.ts only", async () => {
  assert.equal(pastTheIndex(await ownArrows()), []);
});

test.needs("node", "there is no cycle", async () => {
  assert.equal(findCycle(await ownArrows()), []);
});

test.needs("node", "no file has a default export", async () => {
  const { readFileSync } = await load<typeof import("node:fs")>("node:fs");
  const wrong = (await sources()).filter((file) => hasDefaultExport(readFileSync(file, "utf8")));

  assert.equal(wrong, []);
});

test.needs("node", "a barrel has no barrel inside", async () => {
  const inner = (await sources()).filter((file) => /^\w+\/.+\/index\.ts$/.test(file));

  assert.equal(inner, []);
});

test.needs("node", "the core imports no package but webgpu, and that from one file", async () => {
  await ownArrows();
  const fromCore = ((await cached) ?? []).filter(
    ({ from, to, external }) => external && CORE.includes(from.split("/", 1)[0] ?? "") &&
      !to.startsWith("node:"),
  );

  assert.equal([...new Set(fromCore.map(({ to }) => to))].filter((to) => to !== "webgpu"), []);
  assert.ok(new Set(fromCore.map(({ from }) => from)).size <= 1);
});

test("the rules catch what they are for", () => {
  const arrow = (from: string, to: string): Arrow => ({ from, to });
  const wrong = [
    arrow("engine/tensor.ts", "autograd/index.ts"),
    arrow("nn/atoms.ts", "optim/index.ts"),
    arrow("optim/adam.ts", "tests/close.ts"),
    arrow("bench/harness.ts", "examples/train_gpt.ts"),
    arrow("bench/harness.ts", "tests/harness.ts"),
  ];
  const right = [
    arrow("autograd/tape.ts", "engine/index.ts"),
    arrow("engine/pool.ts", "engine/storage.ts"),
    arrow("tests/nn/atoms.test.ts", "nn/index.ts"),
    arrow("tests/cli.test.ts", "examples/train_gpt.ts"),
    arrow("bench/ops.bench.ts", "tests/fixtures/unary.ts"),
  ];
  const past = arrow("nn/atoms.ts", "autograd/tape.ts");
  const inside = arrow("autograd/ops/unary.ts", "kernels/unary/erf.wgsl");

  assert.is(wrongWay([...wrong, ...right]).length, wrong.length);
  assert.equal(pastTheIndex([past, inside, arrow("tests/a.test.ts", "engine/pool.ts")]), [
    "nn/atoms.ts imports autograd/tape.ts",
  ]);
  assert.throws(() => wrongWay([arrow("scripts/x.ts", "engine/index.ts")]), /no known folder/);
});

test("a cycle is found wherever it is, and a diamond is none", () => {
  const chain = (...files: readonly string[]): Arrow[] =>
    files.slice(1).map((to, i) => ({ from: files[i] ?? "", to }));

  assert.equal(findCycle(chain("a", "b", "c", "d", "b")), ["b", "c", "d", "b"]);
  assert.equal(findCycle([...chain("a", "b", "d"), ...chain("a", "c", "d")]), []);
});

test("a default export is seen in both of its forms", () => {
  assert.ok(hasDefaultExport("const x = 1;\nexport default x;"));
  assert.ok(hasDefaultExport("export { x as default };"));
  assert.not(hasDefaultExport('import text from "./x.wgsl";\nexport const y = text;'));
});

test.run();
