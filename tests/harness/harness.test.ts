// The harness tested from outside: small programs are bundled and run in a process of their own.

import * as assert from "uvu/assert";
import { suite } from "../harness.ts";

const test = suite("harness", { device: false });

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

// Names come from variables so that a bundle for the page does not try to resolve them.
async function load<M>(name: string): Promise<M> {
  return (await import(name)) as M;
}

async function bundle(program: string, file: string): Promise<void> {
  const esbuild = await load<typeof import("esbuild")>("esbuild");
  const contents =
    'import { suite } from "./harness.ts";\n' +
    'import { make, makeKept } from "./harness/fake_engine.ts";\n' +
    `globalThis.unused = [make, makeKept];\n${program}`;
  await esbuild.build({
    stdin: { contents, resolveDir: "tests", loader: "ts" },
    plugins: [
      {
        name: "fake engine",
        setup: (build) => {
          build.onResolve({ filter: /engine\/index\.ts$/ }, () => ({
            path: `${globalThis.process.cwd()}/tests/harness/fake_engine.ts`,
          }));
        },
      },
    ],
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: file,
    logLevel: "silent",
  });
}

async function runProgram(program: string, env: Record<string, string> = {}): Promise<Outcome> {
  const file = `build/harness_test_${globalThis.process.pid}_${programs++}.mjs`;
  await bundle(program, file);
  const { spawnSync } = await load<typeof import("node:child_process")>("node:child_process");
  const { rmSync } = await load<typeof import("node:fs")>("node:fs");
  const { process } = globalThis;
  const child = spawnSync(process.execPath, [file], { env: { ...env, NO_COLOR: "1" } });
  rmSync(file);
  return { code: child.status, output: `${child.stdout}${child.stderr}` };
}

let programs = 0;

test.needs("node", "one closing line counts all suites, and the process exits", async () => {
  const { code, output } = await runProgram(`
    const first = suite("first");
    first("a", () => make());
    first.needs("shader-f16", "b", () => {});
    first.needs(["subgroups", "node"], "c", async () => {});
    first.run();
    const second = suite("second", { device: false });
    second("d", () => {});
    second.run();
  `);

  assert.is(code, 0);
  assert.match(output, "skipped: b (needs shader-f16)");
  assert.match(output, /device closed\n3 passed, 0 failed, 1 skipped\n$/);
});

test.needs("node", "a failing test gives its message, its seed and exit code 1", async () => {
  const { code, output } = await runProgram(
    `
    const test = suite("s", { device: false });
    test("draws", ({ rng }) => { rng.uniform(); throw new Error("broken"); });
    test("throws a string", () => { throw "plain"; });
    test("works", () => {});
    test.run();
  `,
    { SEED: "77" },
  );

  assert.is(code, 1);
  assert.match(output, "broken (SEED=77 replays it)");
  assert.match(output, "plain");
  assert.match(output, /1 passed, 2 failed, 0 skipped\n$/);
});

test.needs("node", "a test that leaks fails, and only that one", async () => {
  const { code, output } = await runProgram(`
    const test = suite("s");
    test("leaks", () => makeKept());
    test("works", () => make());
    test.run();
  `);

  assert.is(code, 1);
  assert.match(output, "the test leaks: 1 tensors, 4 bytes");
  assert.match(output, "1 passed, 1 failed, 0 skipped");
});

test.needs("node", "a test that does not end fails at its time limit", async () => {
  const { code, output } = await runProgram(`
    const test = suite("s", { seconds: 0.05 });
    test("hangs", () => new Promise(() => {}));
    test.run();
  `);

  assert.is(code, 1);
  assert.match(output, "did not end within 0.05 s");
});

test.needs("node", "a suite that never calls run() fails", async () => {
  const { code, output } = await runProgram(`
    const test = suite("forgotten", { device: false });
    test("never runs", () => {});
  `);

  assert.is(code, 1);
  assert.match(output, "forgotten: run() was never called");
  assert.match(output, "0 passed, 1 failed, 0 skipped");
});

test.needs("node", "a process that ends early fails", async () => {
  const { code, output } = await runProgram(`
    const test = suite("s", { device: false });
    test("exits", () => process.exit(0));
    test.run();
  `);

  assert.is(code, 1);
  assert.match(output, "ending before its tests did");
});

test.needs("node", "a test's random stream depends on its name and the seed alone", async () => {
  const program = (order: string): string => `
    const test = suite("s", { device: false });
    ${order}
    test("x", ({ rng }) => console.log("drew", rng.int(1e9)));
    test.run();
  `;
  const drew = ({ output }: Outcome): string | undefined => /drew \d+/.exec(output)?.[0];
  const alone = drew(await runProgram(program(""), { SEED: "5" }));
  const second = drew(await runProgram(program(`test("w", () => {});`), { SEED: "5" }));
  const other = drew(await runProgram(program(""), { SEED: "6" }));

  assert.ok(alone !== undefined);
  assert.is(second, alone);
  assert.is.not(other, alone);
});

test.needs("node", "of processes with one list each runs what no other has taken", async () => {
  const { mkdtempSync, rmSync } = await load<typeof import("node:fs")>("node:fs");
  const CLAIMS = mkdtempSync("build/claims-");
  const program = ["first", "second"].map((name) => `{
    const test = suite("${name}");
    test("works", () => console.log("${name} in", process.cwd()));
    test.run();
  }`).join("\n");
  const one = await runProgram(program, { CLAIMS });
  rmSync(`${CLAIMS}/1`);
  const other = await runProgram(program, { CLAIMS });
  rmSync(CLAIMS, { recursive: true });

  const folder = globalThis.process.cwd(); // the device's was another
  assert.match(one.output, `second in ${folder}\n`);
  assert.match(one.output, "2 passed, 0 failed, 0 skipped");
  assert.match(other.output, "1 passed, 0 failed, 0 skipped");
  assert.not.match(other.output, "first in");
});

test.needs("node", "a test that takes long is named", async () => {
  const { output } = await runProgram(`
    const test = suite("s", { device: false });
    test("waits", () => new Promise((done) => setTimeout(done, 60)));
    test("does not", () => {});
    test.run();
  `, { SLOW: "0.05" });

  assert.match(output, /slow: waits \([0-9.]+ s\)/);
  assert.not.match(output, "slow: does not");
});

test.run();
