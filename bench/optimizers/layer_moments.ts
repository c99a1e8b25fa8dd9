// Second moments of what goes through a module's layers, which `iso` asks for: they come out of
// backpropagation as the gradients of weights that do nothing.

import { Tensor, add, assign, bincount, cast, customVjp, diag, dispose, eye, flatten, keep, matmul,
  mul, reshape, scale, scope, sum, transpose, zeros } from "../../autograd/index.ts";
import type { Module, Value, WeightEntry, Weights } from "../../nn/index.ts";
import type { LayerMoments } from "../../optim/index.ts";

/** Moments of one layer, as a tree of tensors. */
type Pair = { readonly [Name in keyof LayerMoments]: Tensor };
/** Moments of layers by the path of their weight, likewise. */
export type Moments = Readonly<Record<string, Pair>>;

/** Zeros in the place of moments: give them to `watchedForward` and differentiate by them. */
export function probesFor(module: Module): Moments {
  return Object.fromEntries(module.entries.map(({ path, shape: [m = 1, n = 1] }) => {
    return [path, { outputs: zeros([m, m]), inputs: zeros([n, n]) }];
  }));
}

/**
 * The output of a module whose atoms are linear maps and tables without biases. The gradient of a
 * mean over examples by `probes` is the second moments of every layer: of its inputs, and of the
 * gradients by its outputs, each of one example. Of a table `[count, dim]` the rows take the part
 * of the outputs.
 */
export function watchedForward(
  module: Module, x: Value, weights: Weights, probes: Moments,
): Tensor {
  const y = watch(module, x, { list: module.toList(weights), module, probes }, 0);
  if (y instanceof Tensor) return y;
  throw new TypeError(`watchedForward: the module gives a list of ${y.length}. Give a network.`);
}

/** The whole module with its weights in canonical order. */
interface Loaded {
  readonly module: Module;
  readonly list: readonly Tensor[];
  readonly probes: Moments;
}

/** @param from the place of the part's first weight */
function watch(part: Module, x: Value, loaded: Loaded, from: number): Value {
  if (part.kind === "bond") return part.apply(x, {});
  if (part.kind === "atom") return watchAtom(part, x as Tensor, loaded, from);
  let at = from;
  let value = x;
  const outputs = part.children.map((child) => {
    value = watch(child, part.kind === "tuple" ? x : value, loaded, at);
    at += child.atoms;
    return value;
  });
  return part.kind === "tuple" ? outputs : value;
}

function watchAtom(part: Module, x: Tensor, { module, list, probes }: Loaded, at: number): Value {
  const { path, acts } = module.entries[at] as WeightEntry; // as many as atoms: none is tied
  const { inputs, outputs } = probes[path] as Pair;
  const weight = list[at] as Tensor;
  const own = part.toTree([weight]);
  if (acts?.kind !== "table") return results(part.forward(entering(x, inputs), own), outputs);
  return rows(x, weight.shape[0] ?? 1)(part.forward(x, own), inputs, outputs);
}

const lines = (x: Tensor): Tensor => reshape(x, [-1, x.shape.at(-1) ?? 1]);

/** `sum x x^T` over examples. */
function squares(x: Tensor): Tensor {
  return matmul(transpose(lines(x)), lines(x));
}

/** How many examples there are. */
const countOf = (x: Tensor): number => x.size / (x.shape.at(-1) ?? 1);

/** Lets inputs through; the gradient by the probe is the mean of `x x^T`. */
const entering = customVjp(
  (x: Tensor, _probe: Tensor) => x,
  (dy, { args: [x] }) => [dy, scale(squares(x), 1 / countOf(x))],
  { name: "layerInputs" },
);

/** Lets outputs through; the gradient by the probe is the mean of `d d^T`. */
const results = customVjp(
  (y: Tensor, _probe: Tensor) => y,
  (dy) => [dy, scale(squares(dy), countOf(dy))], // of a mean: each has 1 / count in it
  { name: "layerOutputs" },
);

/** Both for a table of so many rows, looked up by tokens. */
function rows(tokens: Tensor, count: number) {
  return customVjp(
    (y: Tensor, _inputs: Tensor, _outputs: Tensor) => y,
    (dy) => {
      const counts = cast(bincount(flatten(tokens), { length: count }), "f32");
      return [dy, scale(squares(dy), countOf(dy)), diag(scale(counts, 1 / tokens.size))];
    },
    { name: "layerRows" },
  );
}

/** Decay of averages over batches. */
const DECAY = 0.95;
/** Of the mean eigenvalue, added to all: what a few batches have not shown is not zero. */
const DAMPING = 1e-2;

/** Averages of moments over batches. They belong to no scope: free them with `dispose`. */
export class MomentAverage implements Disposable {
  readonly #kept: Moments;
  #count = 0;

  constructor(module: Module) {
    this.#kept = keep(probesFor(module));
  }

  /** Takes the moments of one batch in. */
  update(moments: Moments): void {
    const share = this.#count++ === 0 ? 1 : 1 - DECAY;
    scope(() => Object.entries(this.#kept).forEach(([path, kept]) => {
      const { inputs, outputs } = moments[path] as Pair; // of the same module
      assign(kept.inputs, add(scale(kept.inputs, 1 - share), scale(inputs, share)));
      assign(kept.outputs, add(scale(kept.outputs, 1 - share), scale(outputs, share)));
    }));
  }

  /** The average of a weight's layer, damped, in the current scope. */
  readonly of = (path: string): LayerMoments => {
    const { inputs, outputs } = this.#kept[path] as Pair;
    return { inputs: damped(inputs), outputs: damped(outputs) };
  };

  [Symbol.dispose](): void {
    dispose(this.#kept);
  }
}

function damped(a: Tensor): Tensor {
  const [n = 1] = a.shape;
  const one = eye(n, n, { device: a.device });
  return add(a, mul(one, scale(sum(mul(a, one)), DAMPING / n)));
}
