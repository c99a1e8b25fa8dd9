// Opening and closing devices, what they say of themselves, and what they count.

import { host } from "#gpu";
import * as assert from "uvu/assert";
import { type Device, add, currentDevice, evaluate, mul, openDevice, ones, sum, tensor, zeros } from
  "../../autograd/index.ts";
import { DeviceLostError, DisposedError, GpuError } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { assertRejects, assertThrows } from "../throws.ts";

const test = suite("devices");

/** Runs `work` with a device and closes it. */
async function withDevice(
  options: Parameters<typeof openDevice>[0], work: (device: Device) => Promise<void> | void,
): Promise<void> {
  const device = await openDevice(options);
  try {
    await work(device);
  } finally {
    device.close();
  }
}

test("a device has a name, limits and features", ({ device }) => {
  assert.ok(device.name.length > 0 && device.name !== "unknown", device.name);
  assert.is(device.info.host, host.name);
  assert.ok(device.limits.maxStorageBufferBindingSize >= 2 ** 27);
  assert.ok(device.limits.maxComputeInvocationsPerWorkgroup >= 256);
  assert.is(typeof device.features.has("timestamp-query"), "boolean");
});

test("the name is the most telling text there is", async ({ device }) => {
  await withDevice({}, (own) => {
    const info = own.info as { -readonly [K in keyof typeof own.info]: (typeof own.info)[K] };
    Object.assign(info, { vendor: "v", architecture: "a", device: "d", description: "text" });
    assert.is(own.name, "text");
    info.description = "";
    assert.is(own.name, "d");
    info.device = "";
    assert.is(own.name, "v a");
    info.vendor = info.architecture = "";
    assert.is(own.name, "unknown");
  });
  assert.is(currentDevice(), device);
});

test("limits are the adapter's own where kernels use them", async () => {
  const { adapter } = await host.requestAdapter("auto");
  const limits = ["maxComputeWorkgroupStorageSize", "maxStorageBufferBindingSize", "maxBufferSize"];
  const offered = limits.map((name) => adapter.limits[name as "maxBufferSize"]);

  await withDevice({ adapter }, (own) => {
    assert.equal(limits.map((name) => own.limits[name as "maxBufferSize"]), offered);
  });
});

test("an unknown choice of software adapter is refused", async () => {
  for (const software of ["always", "", null, 1]) {
    await assertRejects(openDevice({ software: software as "auto" }), RangeError,
      `openDevice: unknown choice of software adapter: ${String(software)}. `
        + 'Use "auto", "never" or "only".');
  }
});

test("a software adapter is one when it was asked for, and never when it was not", async () => {
  await withDevice({ software: "only" }, (own) => assert.ok(own.info.software));
  try {
    await withDevice({ software: "never" }, (own) => assert.not(own.info.software));
  } catch (error) {
    assert.instance(error, GpuError); // there is no GPU here: host.test.ts has the message
  }
});

test("an adapter that gives no device passes its error on", async () => {
  const adapter = {
    info: {}, limits: {}, features: new Set(),
    requestDevice: () => Promise.reject(new TypeError("mine")),
  };

  await assertRejects(openDevice({ adapter: adapter as unknown as GPUAdapter }), TypeError, "mine");
});

test("the caller's adapter is used", async () => {
  const { adapter, software } = await host.requestAdapter("auto");

  await withDevice({ adapter }, async (own) => {
    assert.is(own.info.software, software);
    using x = tensor([1, 2], { device: own });
    using y = mul(x, 2);
    assert.equal([...await y.read()], [2, 4]);
  });
});

test("the caller's device is used, told for software where it is, and left open", async () => {
  const { adapter, software } = await host.requestAdapter("auto");
  const gpu = await adapter.requestDevice();
  let lost = false;
  void gpu.lost.then(() => lost = true);

  await withDevice({ device: gpu }, async (own) => {
    assert.is(own.gpu, gpu);
    assert.is(own.info.software, software);
    using x = tensor([1, 2], { device: own });
    assert.equal([...await x.read()], [1, 2]);
  });
  await gpu.queue.onSubmittedWorkDone();

  assert.not(lost);
  gpu.destroy();
});

test("the current device is the first one that was opened", async ({ device }) => {
  await withDevice({}, (own) => {
    assert.is(currentDevice(), device);
    assert.is.not(own, device);
  });
  assert.is(currentDevice(), device);
  assert.is(zeros([1]).device, device);
});

test("everything on a closed device throws the typed error", async () => {
  const own = await openDevice();
  const x = ones([4], { device: own });
  own.close();
  own.close();

  const after = (op: string) => `${op}: the device was closed. Open a new one with openDevice().`;
  assertThrows(() => tensor([1], { device: own }), DeviceLostError, after("tensor"));
  assertThrows(() => add(x, 1), DeviceLostError, after("add"));
  assertThrows(() => own.flush(), DeviceLostError, after("flush"));
  assertThrows(() => own.trim(), DeviceLostError, after("flush"));
  await assertRejects(x.read(), DeviceLostError, after("read"));
  await assertRejects(own.idle(), DeviceLostError, after("flush"));
  x.dispose();
});

test("a read in flight when the device is closed fails with the typed error", async () => {
  const own = await openDevice();
  using x = ones([4], { device: own });
  const pending = x.read();
  own.close();

  await assertRejects(pending, DeviceLostError, /^(read .*: the device was closed|device lost)/);
});

test("`using` closes a device at the end of the block", async () => {
  let kept: Device;
  {
    using own = await openDevice();
    kept = own;
  }

  assertThrows(() => kept.flush(), DeviceLostError, /^flush: the device was closed/);
});

test("dispatches and submits are counted; nothing is sent before it is asked for", async () => {
  await withDevice({}, async (own) => {
    using x = evaluate(zeros([4], { device: own }));
    using y = evaluate(add(x, 1));
    assert.equal({ ...own.counts }, { dispatches: 2, submits: 0 });
    own.flush();
    own.flush();
    assert.equal({ ...own.counts }, { dispatches: 2, submits: 1 });
    await y.read();
    assert.equal({ ...own.counts }, { dispatches: 2, submits: 2 });
    await own.idle();
    assert.is(own.counts.submits, 2);
  });
});

test("a full batch is sent by itself", async () => {
  await withDevice({}, (own) => {
    for (let i = 0; i < 600; i++) evaluate(zeros([4], { device: own })).dispose();

    assert.equal({ ...own.counts }, { dispatches: 600, submits: 2 });
  });
});

test("memory counts handles, and bytes by size class: in use, kept and at the peak", async () => {
  await withDevice({}, (own) => {
    assert.equal(own.memory(), { tensors: 0, live: 0, pooled: 0, peak: 0 });
    const small = evaluate(zeros([3], { device: own })); // 256 bytes at least
    const large = evaluate(zeros([1000], { device: own })); // 4000 bytes: 4096
    const alias = large.alias();
    assert.equal(own.memory(), { tensors: 3, live: 4352, pooled: 0, peak: 4352 });

    large.dispose();
    assert.equal(own.memory(), { tensors: 2, live: 4352, pooled: 0, peak: 4352 });
    alias.dispose();
    assert.equal(own.memory(), { tensors: 1, live: 256, pooled: 4096, peak: 4352 });
    evaluate(zeros([950], { device: own })).dispose(); // 3800 bytes: 4096 again
    evaluate(zeros([800], { device: own })).dispose(); // 3200 bytes: 3584
    small.dispose();
    assert.equal(own.memory(), { tensors: 0, live: 0, pooled: 4096 + 3584 + 256, peak: 4352 });
    own.trim();
    assert.equal(own.memory(), { tensors: 0, live: 0, pooled: 0, peak: 4352 });
  });
});

test("in debug, an error says where the tensor was made", async () => {
  await withDevice({ debug: true }, (own) => {
    const x = zeros([2], { device: own });
    x.dispose();

    assertThrows(() => add(x, 1), DisposedError, /was disposed\. Made at:\nError: made\n +at /);
  });
});

test("tensors of two devices do not mix", async () => {
  await withDevice({}, (own) => {
    using x = zeros([2], { device: own });

    assertThrows(() => add(zeros([2]), x), Error,
      "add: the tensors are on different devices. Make all of them on one.");
  });
});

test("two devices work side by side", async () => {
  await withDevice({}, async (own) => {
    using x = ones([1000], { device: own });
    using total = sum(x);
    const here = sum(ones([500]));

    assert.equal([await total.item(), await here.item()], [1000, 500]);
  });
});

test.run();
