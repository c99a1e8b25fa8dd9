import { type Device, DisposedError, type Plan, PlanMemory, type Tensor, currentDevice, isCapturing,
  recordStep } from "../engine/index.ts";
import { type CallKey, keyOf } from "./compile_key.ts";
import { rebuilder, tensorsIn } from "./compile_result.ts";
import { isListening } from "./tape.ts";

/** Options of `compile`. */
export interface CompileOptions {
  /** Most records there may be, a whole number from 1. Default 8. */
  readonly plans?: number;
}

/** A step that is recorded once and then replayed; see `compile`. */
export interface Compiled<Args extends unknown[], R> extends Disposable {
  (...args: Args): R;
  /** Records there are. */
  readonly plans: number;
  /** Frees the records and their memory. The step cannot be called afterwards. */
  dispose(): void;
}

/**
 * A function that runs a step once and from then on replays what it did on the device: without its
 * JavaScript, without tape and checks, in planned memory and with one submit. For steps of small
 * models that is most of the time.
 *
 * A record holds for arguments of the same shapes, dtypes and layouts, and for the same numbers,
 * strings and booleans among them; others are recorded anew. What else the step uses, it finds
 * where it was at the recording: weights and the state of optimizers are changed in place. If that
 * memory is freed, as by loading a state, the step is recorded again. Numbers that the step takes
 * from the host, as by `tensor([..])`, stay as they were. What advances in every replay, as it does
 * in every call: random generators in tensors they make, optimizers' step counts, schedules and
 * learning rates.
 *
 * A first call that makes something to be kept, as an optimizer's state, is not recorded: the next
 * one is.
 *
 * @param step synchronous; takes tensors, lists and plain objects of them, and plain values, and
 *   gives tensors, lists and objects of them, or nothing. It runs in a scope of its own
 * @returns a function of the same arguments. Free it with `dispose`
 * @throws RangeError for an option out of range. Calls throw what the step throws, and: Error for a
 *   read, a wait or a flush in the step, for a call in a transform or in another compiled step, for
 *   more records than `plans`, or a step that keeps new tensors at every call; TypeError for
 *   arguments or results of other kinds; DisposedError, DeviceLostError
 * @example
 * using train = compile((x: Tensor, labels: Tensor) => {
 *   const { value, grads } = valueAndGrad(lossOf)(weights, x, labels);
 *   optimizer.step(weights, grads);
 *   return value;
 * });
 * for (const [x, labels] of batches) train(x, labels).dispose();
 */
export function compile<Args extends unknown[], R>(
  step: (...args: Args) => R, { plans = 8 }: CompileOptions = {},
): Compiled<Args, R> {
  if (!Number.isInteger(plans) || plans < 1) {
    throw new RangeError(`compile: plans is not a whole number from 1: ${plans}. Use 8.`);
  }
  const records = new Records(step, plans);
  const call = (...args: Args): R => records.call(args);
  const dispose = () => records.dispose();
  Object.defineProperty(call, "plans", { get: () => records.size });
  return Object.assign(call, { dispose, [Symbol.dispose]: dispose }) as Compiled<Args, R>;
}

/** A record, and how its results become those of a call. */
interface Known<R> {
  readonly plan: Plan;
  readonly build: (tensors: readonly Tensor[]) => R;
}

/** The records for one kind of arguments. */
interface Entry<R> {
  readonly lines: readonly string[];
  /** The one used last comes first. */
  known: Known<R>[];
  /** Whether one has been replayed since they were last found to be gone. */
  replayed: boolean;
  /** Calls since the last replay that nothing came of: no record, or one that was gone too soon. */
  failures: number;
}

/** Such calls there may be: a first one that makes the state, and some after changes. */
const MAX_FAILURES = 3;

class Records<Args extends unknown[], R> {
  readonly #step: (...args: Args) => R;
  readonly #most: number;
  readonly #entries = new Map<string, Entry<R>>();
  #device: Device | undefined;
  #memory: PlanMemory | undefined;
  #disposed = false;

  constructor(step: (...args: Args) => R, most: number) {
    this.#step = step;
    this.#most = most;
  }

  get size(): number {
    return [...this.#entries.values()].reduce((sum, { known }) => sum + known.length, 0);
  }

  call(args: Args): R {
    this.#checkCall();
    const key = keyOf(args);
    const device = this.#deviceOf(key);
    device.check("compile");
    const entry = this.#entries.get(key.lines.join("\n"))
      ?? { lines: key.lines, known: [], replayed: false, failures: 0 };
    dropStale(entry);
    for (const known of entry.known) {
      if (!known.plan.prepare()) continue;
      if (known !== entry.known[0]) {
        entry.known = [known, ...entry.known.filter((other) => other !== known)];
      }
      entry.replayed = true;
      entry.failures = 0;
      return known.build(known.plan.replay(key.tensors, key.storages));
    }
    return this.#record(device, entry, key, args);
  }

  #checkCall(): void {
    if (this.#disposed) {
      throw new DisposedError("compile: the step was disposed. Compile it again.");
    }
    if (isCapturing()) {
      throw new Error(
        "compile: a compiled step inside another one. Compile the outer one alone.",
      );
    }
    if (isListening()) {
      throw new Error(
        "compile: a compiled step inside a transform, which would not see it. "
          + "Take the gradient inside the step.",
      );
    }
  }

  #deviceOf({ device: own }: CallKey): Device {
    const device = own ?? currentDevice();
    this.#device ??= device;
    if (this.#device === device) return device;
    throw new Error(
      "compile: the arguments are on another device than the records. Compile the step again.",
    );
  }

  #record(device: Device, entry: Entry<R>, key: CallKey, args: Args): R {
    if (entry.failures >= MAX_FAILURES) throw comesToNothing();
    this.#checkRoom(entry);
    this.#entries.set(key.lines.join("\n"), entry);
    this.#memory ??= new PlanMemory(device.pool);
    const { tensors, storages } = key;
    const run = () => this.#step(...args);
    const { result, plan } = recordStep(
      device, { run, tensorsIn, args: tensors, storages }, this.#memory,
    );
    if (plan) entry.known.unshift({ plan, build: rebuilder(result) });
    else entry.failures++;
    return result;
  }

  #checkRoom(entry: Entry<R>): void {
    if (this.size < this.#most) return;
    for (const other of this.#entries.values()) dropStale(other);
    if (this.size < this.#most) return;
    throw new Error(
      `compile: more records than plans: ${this.#most}. ${this.#varied(entry)} `
        + `Or raise the option plans.`,
    );
  }

  /** What made the records differ, and what to do about it. */
  #varied({ lines }: Entry<R>): string {
    const all = [...this.#entries.values()].filter(({ known }) => known.length > 0);
    const at = lines.findIndex((line, i) => all.some((other) => other.lines[i] !== line));
    if (at < 0) {
      return "The step decides by the host's state what it does: let it decide less often.";
    }
    const seen = [...new Set(all.map((other) => other.lines[at] ?? "nothing"))].slice(0, 3);
    return `The calls differ: argument ${lines[at]}, before ${seen.join(", ")}. Keep shapes and `
      + `layouts the same, and pass numbers that change as tensors.`;
  }

  dispose(): void {
    for (const { known } of this.#entries.values()) for (const { plan } of known) plan.free();
    this.#entries.clear();
    this.#memory?.free();
    this.#disposed = true;
  }
}

/** Frees records whose outside is gone. */
function dropStale<R>(entry: Entry<R>): void {
  if (entry.known.every(({ plan }) => plan.holds)) return;
  if (!entry.replayed) entry.failures++;
  entry.replayed = false;
  for (const { plan } of entry.known) if (!plan.holds) plan.free();
  entry.known = entry.known.filter(({ plan }) => plan.holds);
}

function comesToNothing(): Error {
  return new Error(
    `compile: ${MAX_FAILURES} calls came to nothing that can be replayed: each keeps new tensors, `
      + `or uses tensors from outside that are freed after it. Make what the step keeps before it `
      + `and change it in place, and pass what is new at every call as an argument.`,
  );
}
