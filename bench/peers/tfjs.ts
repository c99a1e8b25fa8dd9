// TensorFlow.js with its WebGPU backend: eager operations in `tidy`, optimizers by `minimize`.

import type { Tensor, Tf, Variable } from "@tensorflow/tfjs-core";
import type { Contestant, Dense, Forward, Training, Work } from "./contestant.ts";
import { mapNamed } from "./dense.ts";
import { ADAM } from "./settings.ts";
import { TFJS_NETWORKS, muon, newtonSchulz } from "./tfjs_training.ts";

/** @param tf the library, its WebGPU backend chosen and ready */
export function tfjs(tf: Tf, gpu: GPUDevice): Contestant {
  return {
    name: "tfjs", version: tf.version_core,
    start: (task) => task.kind === "train" ? train(tf, gpu, task) : forward(tf, gpu, task),
  };
}

type Op = (a: Tensor, b: Tensor, c: Tensor) => Tensor;

function ops(tf: Tf): Readonly<Record<Forward["kind"], Op>> {
  const chain = (x: Tensor): Tensor => {
    const root = tf.sqrt(tf.add(tf.square(tf.mul(x, 0.5)), 1));
    return tf.sub(tf.mul(tf.exp(tf.neg(root)), 3), 1);
  };
  return {
    matmul: (a, b) => tf.matMul(a, b),
    fma: (a, b, c) => tf.add(tf.mul(a, b), c),
    chain,
    sum: (x) => tf.sum(x),
    softmax: (x) => tf.softmax(x),
    sign: (x) => newtonSchulz(tf, x),
    conv: (x, w) => tf.conv2d(x, w, 1, "same", "NHWC"),
  };
}

function upload(tf: Tf, { shape, data }: Dense): Tensor {
  return tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
}

/** Sends what is recorded and waits for it. */
async function settle(tf: Tf, gpu: GPUDevice): Promise<void> {
  const backend = tf.backend();
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
  await gpu.queue.onSubmittedWorkDone();
}

function forward(tf: Tf, gpu: GPUDevice, { kind, inputs }: Forward): Work {
  const isConv = kind === "conv";
  // the layout that its convolutions are made for: images channels last, kernels channels first
  const orders = [[0, 2, 3, 1], [2, 3, 1, 0]];
  const tensors = inputs.map((input, i) => {
    return tf.tidy(() => isConv ? tf.transpose(upload(tf, input), orders[i]) : upload(tf, input));
  });
  // as many as the task's kind takes
  const [a, b, c] = tensors as [Tensor, Tensor, Tensor];
  const f = ops(tf)[kind];
  let result: Tensor | undefined;
  return {
    run: () => {
      const next = tf.tidy(() => f(a, b, c));
      result?.dispose();
      result = next;
    },
    settle: () => settle(tf, gpu),
    read: async () => {
      if (!result) return [];
      const plain = tf.transpose(result, isConv ? [0, 3, 1, 2] : undefined);
      const data = await (isConv ? plain : result).data();
      plain.dispose();
      return data;
    },
    free: () => tf.dispose([tensors, result]),
  };
}

/** Updates the variables once. @returns the loss before it */
type Step = () => Tensor;

function train(tf: Tf, gpu: GPUDevice, task: Training): Work {
  const [x, y] = [upload(tf, task.x), upload(tf, task.y)];
  const weights = mapNamed(task.weights, (w) => tf.tidy(() => tf.variable(upload(tf, w))));
  const { loss: lossOf, constants } = TFJS_NETWORKS[task.model](tf);
  const { step, free } = stepOf(tf, task, weights, () => lossOf(weights, x, y));
  let loss: Tensor | undefined;
  return {
    run: () => {
      const next = step();
      loss?.dispose();
      loss = next;
    },
    settle: () => settle(tf, gpu),
    read: async () => await loss?.data() ?? [],
    free: () => {
      free();
      tf.dispose([x, y, constants, Object.values(weights), loss]);
    },
  };
}

function stepOf(
  tf: Tf, { optimizer, rate }: Training, weights: Record<string, Variable>, loss: () => Tensor,
): { step: Step; free: () => void } {
  if (optimizer === "muon") return muon(tf, rate, weights, loss);
  const { beta1, beta2, eps } = ADAM;
  const rule = optimizer === "sgd" ? tf.train.sgd(rate)
    : tf.train.adam(rate, beta1, beta2, eps);
  const list = Object.values(weights);
  return {
    // a cost was asked for
    step: () => rule.minimize(loss, true, list) as Tensor, free: () => rule.dispose(),
  };
}
