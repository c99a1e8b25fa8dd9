import { capturing } from "../capture.ts";
import type { Device } from "../device.ts";
import { openSets } from "../ownership.ts";
import { scope } from "../scope.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import type { PlanMemory } from "./memory.ts";
import { Plan } from "./plan.ts";
import { Recording, Slot } from "./recording.ts";
import { type Result, resultOf, slotsOf } from "./results.ts";

/** A step to be recorded. */
export interface Step<R> {
  /** Runs it. */
  readonly run: () => R;
  /** The tensors in what it returned. */
  readonly tensorsIn: (result: R) => readonly Tensor[];
  /** Tensors it is called with. */
  readonly args: readonly Tensor[];
  /** Their memory, each once. */
  readonly storages: readonly Storage[];
}

/** What came of a step, and how to do it again. */
export interface Recorded<R> {
  readonly result: R;
  /** Undefined where the step kept memory that it took, or gave back some that it found. */
  readonly plan: Plan | undefined;
}

/**
 * Runs a step in a scope of its own and records what it does.
 *
 * @throws what the step throws; Error if it does what cannot be replayed
 */
export function recordStep<R>(device: Device, step: Step<R>, memory: PlanMemory): Recorded<R> {
  const { args, storages } = step;
  device.fusion.flush(); // and what came before is not
  const recording = new Recording(device, args, storages);
  const fresh = new Set<Tensor>();
  capturing.now = recording;
  try {
    const result = scope(() => {
      const made = step.run();
      for (const t of step.tensorsIn(made)) if (t.owner === openSets.at(-1)) fresh.add(t);
      return made;
    });
    device.fusion.flush(); // what the step has put off is part of it
    const tensors = step.tensorsIn(result);
    const results = tensors.map((t) => resultOf(recording, t, args, fresh.has(t)));
    capturing.now = undefined;
    const repeats = !recording.lost && !keepsMemory(recording, results, tensors);
    return { result, plan: repeats ? new Plan(recording, results, memory) : undefined };
  } finally {
    capturing.now = undefined;
  }
}

/** Whether a result lies in memory that the step took. */
function isInside(result: Result | undefined): boolean {
  return typeof result === "object" && "memory" in result && result.memory instanceof Slot;
}

/** Whether a step still holds memory it took, beside its results. */
function keepsMemory(
  { slots }: Recording, results: readonly Result[], tensors: readonly Tensor[],
): boolean {
  const returned = slotsOf(results);
  if (slots.some((slot) => !slot.released && !returned.has(slot))) return true;
  const holders = new Map<Storage, number>();
  tensors.forEach((t, i) => {
    if (!isInside(results[i])) return;
    const storage = t.storage("compile");
    holders.set(storage, (holders.get(storage) ?? 0) + 1);
  });
  return [...holders].some(([storage, count]) => storage.holders !== count);
}
