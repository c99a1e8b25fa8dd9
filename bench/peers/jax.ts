// jax-js, eagerly and with `jit` around the whole task, as its documentation advises for long
// sequences of operations. Passing an array gives it away; `.ref` keeps it.

import type { Array as JaxArray, Jax } from "@jax-js/jax";
import type { Contestant, Dense, Forward, Training, Work } from "./contestant.ts";
import { mapNamed } from "./dense.ts";
import { type State, jaxStep, newtonSchulz } from "./jax_training.ts";

/**
 * @param jax the library, its WebGPU backend initialized
 * @param jit whether tasks are compiled
 */
export function jaxJs(jax: Jax, version: string, jit: boolean): Contestant {
  const wrap: Wrap = (f) => (jit ? jax.jit(f) : f);
  return {
    name: jit ? "jax-js jit" : "jax-js", version,
    start: (task) => {
      return task.kind === "train" ? train(jax, task, wrap) : forward(jax, task, wrap);
    },
  };
}

/** Compiles a function, or leaves it as it is. */
type Wrap = <F extends (...args: never[]) => unknown>(f: F) => F;
type Op = (a: JaxArray, b: JaxArray, c: JaxArray) => JaxArray;

function ops({ numpy: np, nn, lax }: Jax): Readonly<Record<Forward["kind"], Op>> {
  return {
    matmul: (a, b) => np.matmul(a, b),
    fma: (a, b, c) => a.mul(b).add(c),
    chain: (x) => np.exp(np.sqrt(np.square(x.mul(0.5)).add(1)).neg()).mul(3).sub(1),
    sum: (x) => x.sum(),
    softmax: (x) => nn.softmax(x, -1),
    sign: (x) => newtonSchulz(np, x),
    conv: (x, w) => lax.conv(x, w, [1, 1], "SAME"),
  };
}

function upload({ numpy: np }: Jax, { shape, data }: Dense): JaxArray {
  const flat = np.array(data, { dtype: data instanceof Int32Array ? np.int32 : np.float32 });
  return flat.reshape([...shape]);
}

/**
 * Results that wait: one that is disposed of before it is awaited is never computed.
 *
 * @param alongside more arrays to wait for
 */
function waiting(jax: Jax, alongside: () => unknown): Waiting {
  const results: JaxArray[] = [];
  const keepLast = (count: number): void => {
    const gone = results.splice(0, results.length - count);
    gone.forEach((array) => array.dispose());
  };
  return {
    add: (result) => void results.push(result),
    settle: async () => {
      await jax.blockUntilReady([results, alongside()]);
      keepLast(1);
    },
    read: async () => await results.at(-1)?.ref.data() ?? [],
    free: () => keepLast(0),
  };
}

interface Waiting extends Pick<Work, "settle" | "read"> {
  readonly add: (result: JaxArray) => void;
  readonly free: () => void;
}

function forward(jax: Jax, { kind, inputs }: Forward, wrap: Wrap): Work {
  const arrays = inputs.map((input) => upload(jax, input));
  const f = wrap(ops(jax)[kind]);
  const { add, settle, read, free } = waiting(jax, () => []);
  return {
    settle, read,
    run: () => {
      // as many as the task's kind takes; `jit` refuses undefined
      add(f(...arrays.map((array) => array.ref) as [JaxArray, JaxArray, JaxArray]));
    },
    free: () => {
      free();
      jax.tree.dispose(arrays);
    },
  };
}

function train(jax: Jax, task: Training, wrap: Wrap): Work {
  const [x, y] = [upload(jax, task.x), upload(jax, task.y)];
  const { start, step } = jaxStep(jax, task);
  const wrapped = wrap(step);
  let state: State = start(mapNamed(task.weights, (w) => upload(jax, w)));
  const { add, settle, read, free } = waiting(jax, () => state);
  return {
    settle, read,
    run: () => {
      const [loss, next] = wrapped(state, x.ref, y.ref);
      state = next;
      add(loss);
    },
    free: () => {
      free();
      jax.tree.dispose([state, x, y]);
    },
  };
}
