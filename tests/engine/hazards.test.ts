// The hazards of recording: each was seen to lose data or a whole batch.

import * as assert from "uvu/assert";
import { add, max, mul, relu, tensor, zeros } from "../../autograd/index.ts";
import { DeviceLostError, GpuError, openDevice } from "../../engine/index.ts";
import { suite } from "../harness.ts";

const test = suite("hazards of recording");

test("an upload does not overtake an unsubmitted recording of the same memory", async () => {
  const a = tensor([1, 2, 3]);
  const sum = add(a, a); // recorded, not sent
  a.dispose(); // its buffer may be reused from here on

  const uploads = [tensor([10, 20, 30]), tensor([40, 50, 60])];

  assert.equal([...await sum.read()], [2, 4, 6]);
  assert.equal([...await (uploads[0]?.read() ?? [])], [10, 20, 30]);
});

test("memory trimmed while a batch refers to it does not void the batch", async ({ device }) => {
  const a = tensor([1, 2, 3]);
  const doubled = mul(a, 2);
  a.dispose();

  device.trim();

  assert.equal([...await doubled.read()], [2, 4, 6]);
  assert.is(device.memory().pooled, 0);
});

test("an operand that is the target in another layout is copied, not bound twice", async () => {
  const { copyInto } = await import("../../engine/index.ts");
  const { transpose } = await import("../../autograd/index.ts");
  const square = tensor([[1, 2], [3, 4]]);

  copyInto(square, transpose(square));

  assert.equal(await square.toArray(), [[1, 3], [2, 4]]);
});

test("a dispatch that binds one buffer to read and to write is refused by name", ({ device }) => {
  const x = zeros([4]);
  const buffer = x.storage("test").buffer;
  const kernel = device.kernels.get("test.copy", () => ({
    name: "test.copy", bindings: "rw",
    code: `@group(0) @binding(0) var<storage, read> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> y: array<f32>;
      @group(0) @binding(2) var<uniform> p: vec4<u32>;
      @compute @workgroup_size(1) fn main() { y[p.x] = x[p.x]; }`,
  }));

  assert.throws(
    () => device.dispatch({ kernel, buffers: [buffer, buffer], params: [0], grid: [1, 1, 1] }),
    "test.copy: one buffer is both read and written: bindings 0 and 1. Copy the input first.",
  );
});

test("after device loss every call throws the typed error, and a new device works", async () => {
  const device = await openDevice();
  const x = tensor([1, 2], { device });
  device.gpu.destroy();
  await device.gpu.lost;

  for (const call of [() => mul(x, 2), () => tensor([1], { device }), () => device.flush()]) {
    assert.throws(call, (e: unknown) => e instanceof DeviceLostError
      && /^device lost \(destroyed\): .* Make a new Device/.test(e.message));
  }
  const lost = await x.read().catch((e: unknown) => e);
  assert.instance(lost, DeviceLostError);
  x.dispose();
  device.close();

  const next = await openDevice();
  const y = tensor([3], { device: next });
  assert.is(await y.item(), 3);
  y.dispose();
  next.close();
});

test("a read in flight when the device is lost fails with the typed error", async () => {
  const device = await openDevice();
  const x = tensor([1, 2], { device });
  const pending = x.read().catch((e: unknown) => e);
  device.gpu.destroy();

  assert.instance(await pending, DeviceLostError);
  x.dispose();
  device.close();
});

test("NaN is seen where a comparison would be folded away", async () => {
  const x = tensor([1, NaN, -3]);

  assert.ok(Number.isNaN(await max(x).item()));
  const y = await relu(x).read();
  assert.equal([y[0], Number.isNaN(y[1]), y[2]], [1, true, 0]);
});

test("an error of the GPU is kept and thrown at the next read, once", async () => {
  const device = await openDevice();
  const x = tensor([1], { device });
  device.recorder.encode((encoder) => {
    const { buffer } = x.storage("test");
    encoder.copyBufferToBuffer(buffer.gpu, 0, buffer.gpu, 2, 4); // not a multiple of 4
  });

  const error = await x.read().catch((e: unknown) => e);

  assert.instance(error, GpuError);
  assert.match(String(error), /^GpuError: submit: the GPU refused the work: /);
  assert.is(await x.item(), 1);
  x.dispose();
  device.close();
});

test("more dispatches than a batch holds all take effect", async () => {
  let x = tensor([0]);
  for (let i = 0; i < 1000; i++) {
    const next = add(x, 1);
    x.dispose();
    x = next;
  }

  assert.is(await x.item(), 1000);
});

test.run();
