// What new tensors go to after the only device is lost; in a process of its own, as the tests of a
// process share their device.

import * as assert from "uvu/assert";
import { suite } from "../harness.ts";

const test = suite("replaced device", { device: false });

// Names come from variables so that a bundle for the page does not try to resolve them.
const [ESBUILD, FS, CHILD] = ["esbuild", "node:fs", "node:child_process"];

const PROGRAM = `
import { currentDevice, openDevice, tensor } from "./autograd/index.ts";
const first = await openDevice();
first.gpu.destroy();
await first.gpu.lost;
try { currentDevice(); } catch (error) { console.log(error.message); }
const second = await openDevice();
console.log(await tensor([1, 2]).toArray(), currentDevice() === second);
`;

test.needs("node", "after a loss the next device opened is the current one", async () => {
  const { build } = await import(ESBUILD) as typeof import("esbuild");
  const { rmSync } = await import(FS) as typeof import("node:fs");
  const { spawnSync } = await import(CHILD) as typeof import("node:child_process");
  const outfile = `build/replacement_${globalThis.process.pid}.mjs`;
  await build({
    stdin: { contents: PROGRAM, resolveDir: ".", loader: "ts" }, outfile, bundle: true,
    format: "esm", platform: "node", target: "node20", packages: "external", logLevel: "silent",
  });

  const { status, stdout } = spawnSync(globalThis.process.execPath, [outfile], {
    encoding: "utf8", timeout: 30_000,
  });
  rmSync(outfile);

  assert.is(stdout.trim(), "currentDevice: no device is open. Call `await openDevice()` first.\n"
    + "[ 1, 2 ] true");
  assert.is(status, 0);
});

test.run();
