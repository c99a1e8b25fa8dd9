import { DisposedError, type RngJournal, type Tensor, isFloat, noteRandom, scope, withRandom } from
  "../engine/index.ts";
import { leavesOf } from "./leaves.ts";
import { type Grads, vjp } from "./grad.ts";
import { cast } from "./ops/arithmetic.ts";
import { concat, slice } from "./ops/parts.ts";
import { reshape } from "./ops/views.ts";
import { type Record, isListening, isTracked, note, unrecorded } from "./tape.ts";

/**
 * A function whose gradient recomputes it instead of keeping its intermediate values: between the
 * way there and the way back only the arguments are held. Gradients of any order do the same.
 *
 * Random generators give the same numbers again. A function that depends on anything else that
 * changes has wrong gradients.
 *
 * @param f maps tensors, or arrays and objects of tensors, to the same; other arguments are handed
 *   on as they are. A tensor that needs a gradient must be an argument, and a tensor that the
 *   function closes over must live until the way back
 * @returns a function of the same arguments
 * @throws Error if `f` closes over a tensor that needs a gradient
 * Source: Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost"
 * @example
 * const block = checkpoint((x: Tensor, w: Tensor) => relu(matmul(x, w)));
 */
export function checkpoint<Args extends unknown[], Y>(
  f: (...args: Args) => Y,
): (...args: Args) => Y {
  return (...args) => {
    if (!isListening()) return f(...args);
    const { leaves, rebuild } = leavesOf(args);
    return scope(() => run((list) => f(...rebuild(list)), leaves));
  };
}

/** Runs `f` unseen and notes all of it as one operation. */
function run<Y>(f: (leaves: readonly Tensor[]) => Y, leaves: readonly Tensor[]): Y {
  const { result: { value, packed }, journal } = noteRandom(() => {
    return unrecorded("checkpoint", leaves, (own) => {
      const y = f(own);
      const floats = floatsOf(y);
      return { value: y, packed: floats.length > 0 ? fresh(pack(floats)) : undefined };
    });
  });
  if (!packed) return value;
  note({
    op: "checkpoint",
    inputs: leaves,
    output: packed,
    saves: "inputs",
    vjp: recomputed("checkpoint", leaves, journal, (own) => pack(floatsOf(f(own)))),
  });
  return unpack(value, packed);
}

/**
 * The vjp of a function that is run again for it, and whose gradient is a checkpoint in turn.
 *
 * @param leaves what it was run with, while the tapes are open that need its gradients
 * @param journal where the random generators stood
 */
export function recomputed(
  op: string, leaves: readonly Tensor[], journal: RngJournal,
  f: (leaves: readonly Tensor[]) => Tensor,
): Record["vjp"] {
  const wanted = leaves.map(isTracked);
  const gradient = checkpoint((inputs: readonly Tensor[], dy: Tensor) => {
    const by = Object.fromEntries(inputs.flatMap((t, i) => (wanted[i] ? [[i, t]] : [])));
    return withRandom(journal, () => {
      const again = (p: typeof by) => f(inputs.map((t, i) => p[i] ?? t));
      const { value, pullback } = explained(op, () => vjp(again, by));
      value.dispose();
      return pullback(dy);
    });
  });
  return (dy, inputs) => {
    let grads: Grads<{ readonly [i: string]: Tensor }> | undefined;
    return inputs.map((_, i) => () => {
      grads ??= gradient(inputs as readonly Tensor[], dy); // leaves went in
      return grads[i] as Tensor; // only those wanted are asked for
    });
  };
}

function explained<R>(op: string, body: () => R): R {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof DisposedError)) throw error;
    throw new DisposedError(
      `${op}: a tensor that the function closes over was disposed before the way back `
        + `(${error.message}). Pass it as an argument.`,
    );
  }
}

/** A value of its own, also where a function returned what it was given. */
export function fresh(t: Tensor): Tensor {
  return t.view("checkpoint", t.layout);
}

function floatsOf(value: unknown): Tensor[] {
  return leavesOf(value).leaves.filter((t) => isFloat(t.dtype));
}

/** One tensor of all elements, since a tape knows one result for each operation. */
export function pack(list: readonly Tensor[]): Tensor {
  const [head, second] = list;
  if (head && !second) return head;
  return concat(list.map((t) => reshape(cast(t, "f32"), [t.size])));
}

/** The value with its float tensors taken from a packed one, and the others as constants. */
function unpack<Y>(value: Y, packed: Tensor): Y {
  const { leaves, rebuild } = leavesOf(value);
  if (leaves.filter((t) => isFloat(t.dtype)).length === 1) {
    return rebuild(leaves.map((t) => (isFloat(t.dtype) ? packed : fresh(t))));
  }
  let end = 0;
  return rebuild(leaves.map((t) => {
    if (!isFloat(t.dtype)) return fresh(t);
    const part = slice(packed, [[end, end += t.size]]);
    return cast(reshape(part, t.shape), t.dtype);
  }));
}
