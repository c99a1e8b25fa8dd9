// Training steps in jax-js: a state goes in and comes out, as in JAX. Arrays are used up.

import type { Array as JaxArray, Jax } from "@jax-js/jax";
import type { OptimizerName, Training } from "./contestant.ts";
import { mapNamed } from "./dense.ts";
import { ADAM, GPT, MUON } from "./settings.ts";

/** Arrays by name. */
export type Arrays = Record<string, JaxArray>;

/** The weights, and by the name of the weight what the optimizer keeps. */
export interface State {
  readonly weights: Arrays;
  readonly slots: Record<string, Arrays>;
}

/** A training step and the state it starts from. */
export interface JaxStep {
  readonly start: (weights: Arrays) => State;
  readonly step: (state: State, x: JaxArray, y: JaxArray) => [loss: JaxArray, state: State];
}

/** The step of a task: gradient of the loss, and update. */
export function jaxStep(jax: Jax, { model, optimizer, rate }: Training): JaxStep {
  const lossAndGrads = jax.valueAndGrad(LOSSES[model](jax));
  const ruleOf = RULES[optimizer](jax, rate);
  return {
    start: (weights) => ({ weights, slots: mapNamed(weights, (w) => ruleOf(w).start(w)) }),
    step: ({ weights, slots }, x, y) => {
      const [loss, grads] = lossAndGrads(jax.tree.ref(weights), x, y);
      const next: State = { weights: {}, slots: {} };
      for (const [name, w] of Object.entries(weights)) {
        const update = ruleOf(w).step;
        const { weight, ...rest } = update({ w, g: grads[name] as JaxArray, ...slots[name] });
        next.weights[name] = weight as JaxArray;
        next.slots[name] = rest as Arrays;
      }
      return [loss, next];
    },
  };
}

type Loss = (weights: Arrays, x: JaxArray, y: JaxArray) => JaxArray;

const LOSSES: Readonly<Record<Training["model"], (jax: Jax) => Loss>> = {
  mlp: (jax) => (w, x, y) => crossEntropy(jax, through(jax, w, x, jax.nn.relu), y),
  tiny: (jax) => (w, x, y) => {
    return jax.numpy.square(through(jax, w, x, jax.numpy.tanh).sub(y)).mean();
  },
  gpt: (jax) => (w, x, y) => crossEntropy(jax, gptLogits(jax, w, x), y),
};

function crossEntropy({ nn }: Jax, logits: JaxArray, y: JaxArray): JaxArray {
  const classes = logits.shape.at(-1) ?? 0;
  const rows = logits.size / classes;
  return nn.logSoftmax(logits, -1).mul(nn.oneHot(y, classes)).sum().mul(-1 / rows);
}

/** Linear layers with a function between them. */
function through(
  jax: Jax, w: Arrays, x: JaxArray, activation: (x: JaxArray) => JaxArray,
): JaxArray {
  const count = Object.keys(w).length / 2;
  let h = x;
  for (let i = 0; i < count; i++) {
    h = dense(jax, w, `layers.${i}`, h);
    if (i < count - 1) h = activation(h);
  }
  return h;
}

function dense({ numpy: np }: Jax, w: Arrays, name: string, x: JaxArray): JaxArray {
  return np.matmul(x, at(w, `${name}.weight`)).add(at(w, `${name}.bias`));
}

function at(w: Arrays, name: string): JaxArray {
  return w[name] as JaxArray; // of the task, which has all
}

/** Layer norm before attention and MLP, learned places, an untied head. */
function gptLogits(jax: Jax, w: Arrays, x: JaxArray): JaxArray {
  const { numpy: np, nn } = jax;
  const { batch, context, width, heads } = GPT;
  const norm = (name: string, h: JaxArray): JaxArray => {
    const unit = nn.standardize(h, -1, { epsilon: GPT.eps });
    return unit.mul(at(w, `${name}.gain`)).add(at(w, `${name}.offset`));
  };
  const attention = (qkv: JaxArray): JaxArray => {
    const [q, k, v] = np.split(qkv, 3, -1).map((part) => {
      return part.reshape([batch, context, heads, width / heads]);
    }) as [JaxArray, JaxArray, JaxArray]; // three parts
    return nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([batch, context, width]);
  };
  let h = np.take(at(w, "tokens"), x, 0).add(at(w, "places"));
  for (let i = 0; i < GPT.blocks; i++) {
    const seen = attention(dense(jax, w, `${i}.attention`, norm(`${i}.before`, h.ref)));
    h = h.add(dense(jax, w, `${i}.merge`, seen));
    const up = dense(jax, w, `${i}.up`, norm(`${i}.middle`, h.ref));
    h = h.add(dense(jax, w, `${i}.down`, nn.gelu(up, { approximate: true })));
  }
  return np.matmul(norm("last", h), at(w, "head"));
}

/** One weight's rule: `weight` is the new one, the rest is kept. */
interface Rule {
  /** Takes no weight. */
  readonly start: (w: JaxArray) => Arrays;
  /** `w`, its gradient `g`, and what was kept. */
  readonly step: (arrays: Arrays) => Arrays;
}

type RuleOf = (w: JaxArray) => Rule;

const RULES: Readonly<Record<OptimizerName, (jax: Jax, rate: number) => RuleOf>> = {
  sgd: (_, rate) => () => ({
    start: () => ({}),
    step: (arrays) => ({ weight: at(arrays, "w").sub(at(arrays, "g").mul(rate)) }),
  }),
  adam: (jax, rate) => () => adam(jax, { rate, ...ADAM }),
  muon: (jax, rate) => {
    const [matrices, rest] = [muon(jax, rate), adam(jax, MUON.rest)];
    return (w) => (w.shape.length === 2 ? matrices : rest);
  },
};

/** As in optax; the powers of the decays stand in for the count of steps. */
function adam(
  { numpy: np }: Jax,
  { rate, beta1, beta2, eps }: { rate: number; beta1: number; beta2: number; eps: number },
): Rule {
  return {
    start: ({ shape }) => ({
      m: np.zeros(shape), v: np.zeros(shape), power1: np.array(1), power2: np.array(1),
    }),
    step: (arrays) => {
      const [w, g] = [at(arrays, "w"), at(arrays, "g")];
      const m = at(arrays, "m").mul(beta1).add(g.ref.mul(1 - beta1));
      const v = at(arrays, "v").mul(beta2).add(np.square(g).mul(1 - beta2));
      const power1 = at(arrays, "power1").mul(beta1);
      const power2 = at(arrays, "power2").mul(beta2);
      const root = np.sqrt(v.ref.div(power2.ref.neg().add(1)));
      const by = m.ref.div(power1.ref.neg().add(1)).div(root.add(eps));
      return { weight: w.sub(by.mul(rate)), m, v, power1, power2 };
    },
  };
}

/** Five steps of Jordan's Newton-Schulz iteration on the last two axes, as in his muon.py. */
export function newtonSchulz(np: Jax["numpy"], g: JaxArray): JaxArray {
  const [rows = 0, columns = 0] = g.shape.slice(-2);
  const axes = [g.shape.length - 2, g.shape.length - 1];
  const norm = np.sqrt(np.square(g.ref).sum(axes, { keepdims: true }));
  let x = g.div(norm.add(1e-7));
  if (rows > columns) x = np.matrixTranspose(x);
  for (const [a, b, c] of MUON.steps) {
    const gram = np.matmul(x.ref, np.matrixTranspose(x.ref));
    const inner = gram.ref.mul(b).add(np.matmul(gram.ref, gram).mul(c));
    x = x.ref.mul(a).add(np.matmul(inner, x));
  }
  return rows > columns ? np.matrixTranspose(x) : x;
}

/** As in Jordan's muon.py. */
function muon({ numpy: np }: Jax, rate: number): Rule {
  const { momentum } = MUON;
  return {
    start: ({ shape }) => ({ m: np.zeros(shape) }),
    step: (arrays) => {
      const [w, g] = [at(arrays, "w"), at(arrays, "g")];
      const [fanIn = 0, fanOut = 0] = w.shape;
      const m = at(arrays, "m").mul(momentum).add(g.ref.mul(1 - momentum));
      const ahead = m.ref.mul(momentum).add(g.mul(1 - momentum));
      const by = newtonSchulz(np, ahead).mul(rate * Math.sqrt(Math.max(1, fanOut / fanIn)));
      return { weight: w.sub(by), m };
    },
  };
}
