import { type RngJournal, ShapeError, type Tensor, isFloat, noteRandom, scope, show, zeros } from
  "../engine/index.ts";
import { fresh, recomputed } from "./checkpoint.ts";
import { checkTensor } from "./define.ts";
import { type Leaves, leavesOf } from "./leaves.ts";
import { isListening, note, unrecorded } from "./tape.ts";

/** A result, and values that its gradient will be computed from. */
export interface Saving<S> {
  readonly value: Tensor;
  /** Tensors, or arrays and objects of them. They live until the gradient has been computed. */
  readonly saved: S;
}

/** What a hand-written gradient is computed from. */
export interface CustomContext<Args, S> {
  readonly args: Args;
  readonly value: Tensor;
  /** Undefined if the function gave none. */
  readonly saved: S;
}

/** Options of `customVjp`. */
export interface CustomVjpOptions {
  /** Stands in error messages. Default `customVjp`. */
  readonly name?: string;
  /** The gradient is not to be differentiated: a second derivative is an error. Default false. */
  readonly once?: boolean;
}

/**
 * A function with a gradient written by hand.
 *
 * The gradient is made of ops, and so can be differentiated again; where it comes from elsewhere,
 * such as numbers read back from the device, say `once`.
 *
 * @param f its arguments are tensors, or arrays and objects of tensors; it gives a tensor, or one
 *   together with values to save. A tensor that needs a gradient must be an argument
 * @param vjp gives for each argument a gradient of its shape (a tree for a tree; undefined for
 *   zeros) of sum(value * dy)
 * @returns a function of the same arguments
 * @throws Error if `f` closes over a tensor that needs a gradient; ShapeError on the way back if a
 *   gradient has another shape than its argument; Error for a second derivative with `once`
 * @example
 * const gentle = customVjp((x: Tensor) => x, (dy) => [maximum(minimum(dy, 1), -1)]);
 */
export function customVjp<Args extends unknown[], S = undefined>(
  f: (...args: Args) => Tensor | Saving<S>,
  vjp: (dy: Tensor, context: CustomContext<Args, S>) => readonly unknown[],
  { name = "customVjp", once = false }: CustomVjpOptions = {},
): (...args: Args) => Tensor {
  const custom: Custom<Args, S> = {
    name,
    once,
    f: (args) => {
      const y = f(...args);
      return "saved" in y ? y : { value: checkTensor(name, y), saved: undefined as S };
    },
    vjp,
  };
  return (...args) => scope(() => run(custom, leavesOf(args)));
}

interface Custom<Args, S> {
  readonly name: string;
  readonly once: boolean;
  readonly f: (args: Args) => Saving<S>;
  readonly vjp: (dy: Tensor, context: CustomContext<Args, S>) => readonly unknown[];
}

/** A call of a custom function on the tapes. */
interface Call<Args, S> extends Custom<Args, S> {
  readonly inputs: Leaves<Args>;
  readonly saved: Leaves<S>;
}

function run<Args, S>(custom: Custom<Args, S>, inputs: Leaves<Args>): Tensor {
  const { name, f, once } = custom;
  const { leaves, rebuild } = inputs;
  if (!isListening()) return f(rebuild(leaves)).value;
  const { result, journal } = noteRandom(() => unrecorded(name, leaves, (own) => {
    const { value, saved } = f(rebuild(own));
    const flat = leavesOf(saved);
    return { value: fresh(value), saved: flat.rebuild(flat.leaves.map(fresh)) };
  }));
  const { value } = result;
  const call: Call<Args, S> = { ...custom, inputs, saved: leavesOf(result.saved) };
  if (!once) call.saved.leaves.forEach((output, i) => noteSaved(call, journal, output, i));
  note({
    op: name,
    inputs: [...leaves, ...call.saved.leaves],
    output: value,
    saves: "both",
    vjp: (dy, held, y) => {
      let grads: readonly Tensor[] | undefined;
      return leaves.map((_, i) => () => {
        grads ??= gradients(call, [dy, y, ...held as readonly Tensor[]]); // tensors went in
        return grads[i] as Tensor; // one for each leaf
      });
    },
  });
  return value;
}

/** A saved value depends on the arguments as `f` says: a second derivative goes that way. */
function noteSaved<Args, S>(
  { name, f, inputs: { leaves, rebuild } }: Call<Args, S>, journal: RngJournal, output: Tensor,
  i: number,
): void {
  if (!isFloat(output.dtype)) return;
  const pick = (own: readonly Tensor[]) =>
    leavesOf(f(rebuild(own)).saved).leaves[i] as Tensor; // as many as the first time
  const vjp = recomputed(name, leaves, journal, pick);
  note({ op: `${name}.saved`, inputs: leaves, output, saves: "inputs", vjp });
}

/** @param held gradient, result, arguments, saved values */
function gradients<Args, S>(
  { name, vjp, once, inputs: { leaves, paths, rebuild }, saved }: Call<Args, S>,
  held: readonly Tensor[],
): readonly Tensor[] {
  const compute = ([dy, value, ...rest]: readonly Tensor[]) => {
    const args = rest.slice(0, leaves.length);
    const context = {
      args: rebuild(args), value: value as Tensor,
      saved: saved.rebuild(rest.slice(leaves.length)),
    };
    return inOrder(name, vjp(dy as Tensor, context), args, paths);
  };
  if (!once || !isListening()) return compute(held);
  const refuse = (): never => {
    throw new Error(
      `${name}: has no second derivative: its vjp is marked \`once\`. `
        + `Write the vjp with ops and leave \`once\` out, or differentiate once.`,
    );
  };
  const grads = unrecorded(name, held, compute).map(fresh);
  for (const output of grads) {
    note({ op: name, inputs: held, output, saves: "nothing", vjp: refuse });
  }
  return grads;
}

/** Gradients that a vjp gave, one for each leaf; zeros for those it left out. */
function inOrder(
  name: string, grads: readonly unknown[], leaves: readonly Tensor[], paths: readonly string[],
): Tensor[] {
  const given = leavesOf(grads);
  const places = paths.map((path) => given.paths.indexOf(path));
  if (given.paths.some((path) => !paths.includes(path))) {
    throw new TypeError(
      `${name}: the vjp gave gradients that do not belong to an argument: `
        + `${given.paths.join(", ")} for ${paths.join(", ")}. Give a list, one for each argument.`,
    );
  }
  return leaves.map((t, i) => {
    const g = given.leaves[places[i] ?? -1];
    if (g && show(g.shape) !== show(t.shape)) {
      throw new ShapeError(
        `${name}: the gradient of argument ${paths[i]} has another shape: `
          + `${show(g.shape)} for ${show(t.shape)}. Sum it to the argument's shape with sumTo().`,
      );
    }
    return g ?? zeros(t.shape, { device: t.device });
  });
}
