// onnxruntime-web: models written by hand, inputs and outputs on the device, the graph captured.

import type { InferenceSession, Ort, Tensor } from "onnxruntime-web/webgpu";
import { type Contestant, type Forward, NotPossible, type Work } from "./contestant.ts";
import { onnxModel } from "./onnx.ts";
import { graphOf } from "./onnx_graphs.ts";

/** GPUBufferUsage: STORAGE, COPY_SRC, COPY_DST and MAP_READ. */
const [STORAGE, COPY_SRC, COPY_DST, MAP_READ] = [0x80, 4, 8, 1];

/** Only what goes forward: it has no gradients. */
export function onnxruntime(ort: Ort, gpu: GPUDevice): Contestant {
  return {
    name: "onnxruntime-web", version: ort.env.versions.web ?? "unknown",
    start: (task) => {
      if (task.kind !== "train") return forward(ort, gpu, task);
      throw new NotPossible("no gradients: its training build was withdrawn in 1.20");
    },
  };
}

async function forward(ort: Ort, gpu: GPUDevice, task: Forward): Promise<Work> {
  const { graph, shape } = graphOf(task);
  const outputs = [{ name: "y", shape }];
  const names = task.inputs.map((_, i) => `x${i}`);
  const inputs = task.inputs.map((input, i) => ({ name: `x${i}`, shape: input.shape }));
  const session = await ort.InferenceSession.create(onnxModel({ inputs, outputs, ...graph }), {
    executionProviders: [{ name: "webgpu", device: gpu }], enableGraphCapture: true,
  });
  const size = shape.reduce((n, d) => n * d, 1);
  const buffers = [...task.inputs.map(({ data }) => data), new Float32Array(size)].map((data) => {
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const buffer = gpu.createBuffer({ size: data.byteLength, usage });
    gpu.queue.writeBuffer(buffer, 0, data);
    return buffer;
  });
  const tensors = [...inputs, ...outputs].map((value, i) => {
    const buffer = buffers[i] as GPUBuffer; // one for each
    return ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: value.shape });
  });
  const feeds = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
  return workOf(gpu, session, { feeds, y: tensors.at(-1) as Tensor, buffers });
}

interface Bound {
  readonly feeds: Record<string, Tensor>;
  readonly y: Tensor;
  /** Of all tensors, that of `y` last. */
  readonly buffers: readonly GPUBuffer[];
}

function workOf(gpu: GPUDevice, session: InferenceSession, { feeds, y, buffers }: Bound): Work {
  return {
    run: async () => void await session.run(feeds, { y }),
    settle: () => gpu.queue.onSubmittedWorkDone().then(() => undefined),
    read: () => readBuffer(gpu, buffers.at(-1) as GPUBuffer),
    free: async () => {
      await session.release();
      buffers.forEach((buffer) => buffer.destroy());
    },
  };
}

async function readBuffer(gpu: GPUDevice, source: GPUBuffer): Promise<Float32Array> {
  const { size } = source;
  const staging = gpu.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, staging, 0, size);
  gpu.queue.submit([encoder.finish()]);
  await staging.mapAsync(MAP_READ);
  const data = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return data;
}
