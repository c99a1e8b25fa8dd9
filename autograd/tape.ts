import { type Storage, type Tensor, dispose, isFloat, keep, show } from "../engine/index.ts";
import { leavesOf } from "./leaves.ts";

/** What an operation works on: a tensor, or a number in place of a constant one. */
export type Operand = Tensor | number;

/** One thunk per input; only those of inputs that need a gradient are called. */
export type InputGrads = readonly (() => Tensor)[];

/**
 * Which values an operation's vjp reads. Of the others it may use shape and dtype only: they are
 * freed with their scope, not kept for the backward pass.
 */
export type Saves = "inputs" | "output" | "both" | "nothing";

/** One operation on the way from the leaves to the result. */
export interface Entry {
  readonly op: string;
  /** The inputs that depend on a leaf; undefined for the others. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly output: Tensor;
  readonly vjp: (dy: Tensor) => InputGrads;
  /** Handles that live until the backward pass has used them. */
  readonly saved: readonly Tensor[];
}

/** What an operation hands to the tapes. */
export interface Record {
  readonly op: string;
  readonly inputs: readonly Operand[];
  readonly output: Tensor;
  readonly saves: Saves;
  /** Gradients of the inputs, from the handles the tape has saved. */
  readonly vjp: (dy: Tensor, inputs: readonly Operand[], output: Tensor) => InputGrads;
}

/** What hears of every operation while it is open. */
interface Listener {
  readonly add: (record: Record) => void;
  readonly tracks: (x: Operand) => boolean;
  readonly holds: (t: Tensor) => boolean;
}

const open: Listener[] = [];

/** The operations that lead from some tensors to a result. It exists only inside a transform. */
export class Tape implements Listener {
  readonly #tracked: Set<number>;
  /** Memory that the gradients will be computed from. */
  readonly #held = new Set<Storage>();
  readonly #entries: Entry[] = [];

  /** @param leaves the tensors to differentiate by; integers and bool count as constants */
  constructor(leaves: readonly Tensor[]) {
    this.#tracked = new Set(leaves.filter((t) => isFloat(t.dtype)).map((t) => t.id));
    for (const leaf of leaves) this.#held.add(leaf.storage("grad"));
  }

  /** Runs a function with this tape listening. */
  listen<R>(body: () => R): R {
    open.push(this);
    try {
      return body();
    } finally {
      open.pop();
    }
  }

  /** Whether a value depends on the leaves. */
  tracks(x: Operand): x is Tensor {
    return typeof x !== "number" && this.#tracked.has(x.id);
  }

  /** Whether a gradient is to be computed from a tensor's memory. */
  holds(t: Tensor): boolean {
    return this.#tracked.has(t.id) || (!t.disposed && this.#held.has(t.storage("grad")));
  }

  /** Adds an operation, if one of its inputs depends on the leaves. */
  add({ op, inputs, output, saves, vjp }: Record): void {
    if (!inputs.some((x) => this.tracks(x))) return;
    this.#tracked.add(output.id);
    const keepInputs = saves === "inputs" || saves === "both";
    const held = inputs.map((x) => (typeof x === "number" ? x : hold(x, keepInputs)));
    const result = hold(output, saves === "output" || saves === "both");
    const saved = [...held.filter((x) => typeof x !== "number"), result];
    for (const t of saved) if (!t.disposed) this.#held.add(t.storage(op));
    this.#entries.push({
      op,
      inputs: held.map((x) => (this.tracks(x) ? x : undefined)),
      output: result,
      vjp: (dy) => vjp(dy, held, result),
      saved,
    });
  }

  /** Takes the latest operation off the tape; the caller frees what it saved. */
  pop(): Entry | undefined {
    return this.#entries.pop();
  }

  /** Lets go of everything that is still saved. */
  free(): void {
    for (const { saved } of this.#entries) dispose(saved);
    this.#entries.length = 0;
  }
}

/** A handle for the tape: with its storage, or with shape and identity alone. */
function hold(t: Tensor, withStorage: boolean): Tensor {
  const handle = keep(t.alias());
  if (!withStorage) handle.dispose();
  return handle;
}

/** Notes an operation on every tape that is listening. */
export function note(record: Record): void {
  for (const tape of open) tape.add(record);
}

/** Whether a transform is open that follows operations. */
export function isListening(): boolean {
  return open.length > 0;
}

/** Whether a value depends on what an open transform differentiates by. */
export function isTracked(x: Operand): boolean {
  return open.some((tape) => tape.tracks(x));
}

/** Hears of the operations of a function that no tape takes notice of. */
class Watch implements Listener {
  readonly #op: string;
  readonly #paused: readonly Listener[];
  readonly #own: Set<number>;

  constructor(op: string, paused: readonly Listener[], inputs: readonly Tensor[]) {
    this.#op = op;
    this.#paused = paused;
    this.#own = new Set(inputs.map((t) => t.id));
  }

  add({ inputs, output }: Record): void {
    for (const x of inputs) this.check(x);
    if (inputs.some((x) => typeof x !== "number" && this.#own.has(x.id))) this.#own.add(output.id);
  }

  /** Refuses a value from outside whose gradient would be lost. */
  check(x: Operand): void {
    if (typeof x === "number" || !this.#paused.some((tape) => tape.tracks(x))) return;
    throw new Error(
      `${this.#op}: the function uses a tensor that needs a gradient and is not among its `
        + `arguments: ${show(x.shape)} ${x.dtype}. Pass it as an argument.`,
    );
  }

  tracks(x: Operand): boolean {
    if (typeof x === "number") return false;
    return this.#own.has(x.id) || this.#paused.some((tape) => tape.tracks(x));
  }

  holds(t: Tensor): boolean {
    return this.#paused.some((tape) => tape.holds(t));
  }
}

/**
 * Runs a function of which no tape takes notice: its results count as constants.
 *
 * @param inputs what the function may use of that which needs a gradient
 * @param body receives handles of its own to them
 * @throws Error naming `op` if the function uses, or returns, another tensor that needs a gradient
 */
export function unrecorded<R>(
  op: string, inputs: readonly Tensor[], body: (own: readonly Tensor[]) => R,
): R {
  const own = inputs.map((t) => t.view(op, t.layout));
  const paused = open.splice(0);
  const watch = new Watch(op, paused, own);
  open.push(watch);
  try {
    const result = body(own);
    for (const t of leavesOf(result).leaves) watch.check(t);
    return result;
  } finally {
    open.splice(0);
    open.push(...paused);
  }
}

/**
 * Refuses to change a tensor, or a view of one, that a gradient is being computed from.
 *
 * @throws Error naming the operation
 */
export function checkUntracked(op: string, t: Tensor): void {
  if (!open.some((tape) => tape.holds(t))) return;
  throw new Error(
    `${op}: the tensor is part of a gradient being computed. `
      + `Change it after the transform has returned.`,
  );
}
