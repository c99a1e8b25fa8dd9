// Networks and Muon in TensorFlow.js.

import type { Tensor, Tf, Variable } from "@tensorflow/tfjs-core";
import type { ModelName } from "./contestant.ts";
import { mapNamed } from "./dense.ts";
import { GPT, MUON } from "./settings.ts";

type Weights = Readonly<Record<string, Tensor>>;
type Loss = (weights: Weights, x: Tensor, y: Tensor) => Tensor;

/** A network's loss, and the constants that it was made with. */
interface Network {
  readonly loss: Loss;
  readonly constants: readonly Tensor[];
}

/** The networks. */
export const TFJS_NETWORKS: Readonly<Record<ModelName, (tf: Tf) => Network>> = {
  mlp: (tf) => {
    const loss: Loss = (w, x, y) => {
      const hidden = dense(tf, w, "layers.1", dense(tf, w, "layers.0", x, "relu"), "relu");
      return crossEntropy(tf, dense(tf, w, "layers.2", hidden), y);
    };
    return { loss, constants: [] };
  },
  tiny: (tf) => {
    const loss: Loss = (w, x, y) => {
      const hidden = tf.tanh(dense(tf, w, "layers.0", x));
      return tf.losses.meanSquaredError(y, dense(tf, w, "layers.1", hidden));
    };
    return { loss, constants: [] };
  },
  gpt: (tf) => {
    const mask = causalMask(tf);
    return { loss: (w, x, y) => crossEntropy(tf, gptLogits(tf, w, x, mask), y), constants: [mask] };
  },
};

function crossEntropy(tf: Tf, logits: Tensor, y: Tensor): Tensor {
  const classes = logits.shape.at(-1) ?? 0;
  const rows = tf.reshape(logits, [-1, classes]);
  return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.reshape(y, [-1]), classes), rows);
}

function at(weights: Weights, name: string): Tensor {
  return weights[name] as Tensor; // of the task, which has all
}

function dense(tf: Tf, w: Weights, name: string, x: Tensor, activation?: "relu"): Tensor {
  const [a, b, bias] = [x, at(w, `${name}.weight`), at(w, `${name}.bias`)];
  return tf.fused.matMul({ a, b, bias, ...activation && { activation } });
}

/** Layer norm before attention and MLP, learned places, an untied head; a row for each token. */
function gptLogits(tf: Tf, w: Weights, x: Tensor, mask: Tensor): Tensor {
  const { batch, context, width } = GPT;
  const norm = (name: string, h: Tensor): Tensor => {
    const { mean, variance } = tf.moments(h, -1, true);
    const unit = tf.mul(tf.sub(h, mean), tf.rsqrt(tf.add(variance, GPT.eps)));
    return tf.add(tf.mul(unit, at(w, `${name}.gain`)), at(w, `${name}.offset`));
  };
  const embedded = tf.add(tf.gather(at(w, "tokens"), x), at(w, "places"));
  let h = tf.reshape(embedded, [batch * context, width]);
  for (let i = 0; i < GPT.blocks; i++) {
    const seen = attention(tf, dense(tf, w, `${i}.attention`, norm(`${i}.before`, h)), mask);
    h = tf.add(h, dense(tf, w, `${i}.merge`, seen));
    const up = gelu(tf, dense(tf, w, `${i}.up`, norm(`${i}.middle`, h)));
    h = tf.add(h, dense(tf, w, `${i}.down`, up));
  }
  return tf.matMul(norm("last", h), at(w, "head"));
}

/** By its tanh approximation; the library has none of its own. */
function gelu(tf: Tf, x: Tensor): Tensor {
  const cubic = tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715));
  const inner = tf.tanh(tf.mul(cubic, Math.sqrt(2 / Math.PI)));
  return tf.mul(tf.mul(x, 0.5), tf.add(inner, 1));
}

/** What is added to scores: far below zero for later keys. */
function causalMask(tf: Tf): Tensor {
  const n = GPT.context;
  const data = Float32Array.from({ length: n * n }, (_, i) => (i % n > i / n ? -1e9 : 0));
  return tf.tensor(data, [n, n], "float32");
}

function attention(tf: Tf, qkv: Tensor, mask: Tensor): Tensor {
  const { batch, context, width, heads } = GPT;
  const [q, k, v] = tf.split(qkv, 3, 1).map((part) => {
    return tf.transpose(tf.reshape(part, [batch, context, heads, width / heads]), [0, 2, 1, 3]);
  }) as [Tensor, Tensor, Tensor]; // three parts
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads));
  const seen = tf.matMul(tf.softmax(tf.add(scores, mask)), v);
  return tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), [batch * context, width]);
}

/** Five steps of Jordan's Newton-Schulz iteration on the last two axes, as in his muon.py. */
export function newtonSchulz(tf: Tf, g: Tensor): Tensor {
  const rank = g.shape.length;
  const [rows = 0, columns = 0] = g.shape.slice(-2);
  const turn = (x: Tensor): Tensor => {
    return tf.transpose(x, rank === 2 ? [1, 0] : [0, 2, 1]);
  };
  const norm = tf.sqrt(tf.sum(tf.square(g), [rank - 2, rank - 1], true));
  let x = tf.div(g, tf.add(norm, 1e-7));
  if (rows > columns) x = turn(x);
  for (const [a, b, c] of MUON.steps) {
    const gram = tf.matMul(x, x, false, true);
    const inner = tf.add(tf.mul(gram, b), tf.mul(tf.matMul(gram, gram), c));
    x = tf.add(tf.mul(x, a), tf.matMul(inner, x));
  }
  return rows > columns ? turn(x) : x;
}

/** What Muon keeps of a weight. */
type Slots = Readonly<Record<string, Variable>>;

/** Muon, which the library does not have: Adam for what is no matrix. */
export function muon(
  tf: Tf, rate: number, weights: Readonly<Record<string, Variable>>, loss: () => Tensor,
): { step: () => Tensor; free: () => void } {
  const zeros = (w: Variable): Variable => {
    const { shape } = w;
    const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
    return tf.tidy(() => tf.variable(tf.tensor(data, shape, "float32")));
  };
  const slots = mapNamed(weights, (w): Slots => {
    return w.shape.length === 2 ? { m: zeros(w) } : { m: zeros(w), v: zeros(w) };
  });
  let count = 0;
  const list = Object.values(weights);
  return {
    step: () => tf.tidy(() => {
      count++;
      const { value, grads } = tf.variableGrads(loss, list);
      for (const [name, w] of Object.entries(weights)) {
        const g = grads[w.name] as Tensor; // every weight has one
        w.assign(tf.sub(w, updateOf(tf, g, slots[name] as Slots, { rate, count })));
      }
      return value;
    }),
    free: () => tf.dispose(Object.values(slots).map((slot) => Object.values(slot))),
  };
}

function updateOf(
  tf: Tf, g: Tensor, { m, v }: Slots, { rate, count }: { rate: number; count: number },
): Tensor {
  const average = (old: Tensor, value: Tensor, decay: number): Tensor => {
    return tf.add(tf.mul(old, decay), tf.mul(value, 1 - decay));
  };
  const first = m as Variable; // every weight has one
  if (!v) {
    const [fanIn = 0, fanOut = 0] = g.shape;
    first.assign(average(first, g, MUON.momentum));
    const by = newtonSchulz(tf, average(first, g, MUON.momentum));
    return tf.mul(by, rate * Math.sqrt(Math.max(1, fanOut / fanIn)));
  }
  const { beta1, beta2, eps, rate: own } = MUON.rest;
  first.assign(average(first, g, beta1));
  v.assign(average(v, tf.square(g), beta2));
  const root = tf.sqrt(tf.div(v, 1 - beta2 ** count));
  return tf.mul(tf.div(tf.div(first, 1 - beta1 ** count), tf.add(root, eps)), own);
}
