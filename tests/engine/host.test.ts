// The host this runs on, through the same door as the engine.

import { host } from "#gpu";
import * as assert from "uvu/assert";
import { GpuError } from "../../engine/index.ts";
import { hostName } from "../host.ts";
import { suite } from "../harness.ts";

const test = suite("host", { device: false });

test("it is the one the bundle was made for", () => {
  assert.is(host.name, hostName());
});

test("auto, only and auto again each give an adapter that can be opened", async () => {
  for (const choice of ["auto", "only", "auto"] as const) {
    const { adapter, software } = await host.requestAdapter(choice);
    const device = await adapter.requestDevice();
    device.destroy();

    if (choice === "only") assert.ok(software);
  }
});

test("never gives a GPU, or an error that ends with what to do", async () => {
  try {
    const { software } = await host.requestAdapter("never");
    assert.not(software);
  } catch (error) {
    assert.instance(error, GpuError);
    const { message } = error as GpuError;
    assert.match(message, /^openDevice: no WebGPU adapter: .*pass your own device or adapter/);
  }
});

test("Dawn's toggles are taken by Node alone", async () => {
  const request = host.requestAdapter("auto", {}, ["disable_robustness"]);

  if (host.name === "node") return void (await request);
  await request.then(() => assert.unreachable(), (error: unknown) => {
    assert.instance(error, GpuError);
    assert.match((error as GpuError).message, /^openDevice: .*toggles: disable_robustness\. /);
  });
});

test.run();
