import type { Device } from "../device.ts";
import type { DType } from "../dtype.ts";
import type { PooledBuffer } from "../pool.ts";
import { keep } from "../scope.ts";
import type { Layout } from "../shape.ts";
import { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { type Recording, Slot } from "./recording.ts";

/** A tensor that a step made and returned. */
interface Made {
  readonly dtype: DType;
  readonly layout: Layout;
  /** Memory of the step, that of an argument by its number, or other. */
  readonly memory: Slot | number | Storage;
  /** Whether no scope is to own it. */
  readonly kept: boolean;
}

/** What a step returned: a tensor it made, an argument by its number, or a tensor from outside. */
export type Result = Made | number | Tensor;

/** How replays give what a step returned. */
export function resultOf(
  recording: Recording, t: Tensor, args: readonly Tensor[], isFresh: boolean,
): Result {
  const argument = args.indexOf(t);
  if (argument >= 0) return argument;
  const storage = t.storage("compile");
  const place = recording.placeOf(storage.buffer);
  const outside = typeof place !== "number" && !(place instanceof Slot);
  if (outside) recording.hold(storage.buffer);
  if (!isFresh && !(place instanceof Slot)) return t;
  const { dtype, layout } = t;
  return { dtype, layout, memory: outside ? storage : place as Slot | number, kept: !isFresh };
}

/** The slots that results lie in. */
export function slotsOf(results: readonly Result[]): Set<Slot> {
  const slots = results.map((x) => (typeof x === "object" && "memory" in x ? x.memory : undefined));
  return new Set(slots.filter((x) => x instanceof Slot));
}

/**
 * The results of a replay.
 *
 * @param args tensors of the call
 * @param storages theirs, each once
 * @param outputs memory of the slots that are returned
 */
export function rebuild(
  device: Device, results: readonly Result[], args: readonly Tensor[],
  storages: readonly Storage[], outputs: ReadonlyMap<Slot, PooledBuffer>,
): Tensor[] {
  const made = new Map<Slot, Storage>();
  const holdOn = (memory: Made["memory"]): Storage => {
    if (memory instanceof Storage) return memory.retain();
    if (typeof memory === "number") return (storages[memory] as Storage).retain();
    const known = made.get(memory)?.retain();
    if (known) return known;
    const buffer = outputs.get(memory) as PooledBuffer; // taken for every slot of a result
    const storage = new Storage(device.pool, buffer);
    made.set(memory, storage);
    return storage;
  };
  return results.map((x) => {
    if (typeof x === "number") return args[x] as Tensor; // as many as when it was recorded
    if (x instanceof Tensor) return x;
    const t = new Tensor(device, x.dtype, x.layout, holdOn(x.memory));
    return x.kept ? keep(t) : t;
  });
}
