import type { Device } from "../device.ts";
import type { HostArray } from "../dtype.ts";
import type { PooledBuffer } from "../pool.ts";
import type { PlanMemory } from "./memory.ts";
import { type Place, Slot } from "./recording.ts";

/** The buffers that a plan's dispatches bind. */
export class PlanBuffers {
  /** Those of the arguments, set before every replay. */
  inputs: readonly PooledBuffer[] = [];
  readonly #device: Device;
  readonly #returned: ReadonlySet<Slot>;
  readonly #fixed: ReadonlyMap<Slot, PooledBuffer>;
  /** Of numbers that the step got from the host; they are the plan's own. */
  readonly #constants: readonly PooledBuffer[];
  /** Written from the host before every replay, since the step changes or returns them. */
  readonly #rewritten: readonly (readonly [slot: Slot, words: HostArray])[];
  #outputs = new Map<Slot, PooledBuffer>();

  /**
   * @param slots of the step
   * @param returned those that its results lie in
   */
  constructor(
    device: Device, slots: readonly Slot[], returned: ReadonlySet<Slot>, memory: PlanMemory,
  ) {
    this.#device = device;
    this.#returned = returned;
    const inside = slots.filter((slot) => slot.first < Infinity && !returned.has(slot));
    const isConstant = ({ words, written }: Slot) => words !== undefined && !written;
    const changing = inside.filter((slot) => !isConstant(slot));
    this.#rewritten = [...changing, ...returned].flatMap((slot) => {
      return slot.words ? [[slot, slot.words] as const] : [];
    });
    for (const [slot] of this.#rewritten) slot.first = -1; // written before the first dispatch
    const constants = inside.filter(isConstant).map((slot) => [slot, this.#upload(slot)] as const);
    this.#fixed = new Map([...memory.place(changing), ...constants]);
    this.#constants = constants.map(([, buffer]) => buffer);
  }

  #upload({ bytes, words }: Slot): PooledBuffer {
    const { pool, recorder } = this.#device;
    const buffer = pool.acquire(bytes, recorder.batch);
    if (words) this.#write(buffer, words);
    return buffer;
  }

  #write({ gpu }: PooledBuffer, words: HostArray): void {
    if (words.length > 0) this.#device.gpu.queue.writeBuffer(gpu, 0, words);
  }

  /** Whether a place has another buffer in every replay. */
  readonly moves = (place: Place): boolean => {
    return typeof place === "number" || (place instanceof Slot && this.#returned.has(place));
  };

  /** The buffer of a place. */
  readonly of = (place: Place): PooledBuffer => {
    const found = typeof place === "number" ? this.inputs[place]
      : place instanceof Slot ? this.#outputs.get(place) ?? this.#fixed.get(place) : place;
    return found as PooledBuffer; // every slot that is used has been placed
  };

  /** Takes memory for the results of one replay. Whoever takes them owns it. */
  takeOutputs(): ReadonlyMap<Slot, PooledBuffer> {
    const { pool } = this.#device;
    return this.#outputs = new Map([...this.#returned].map((slot) => {
      return [slot, pool.acquire(slot.bytes)];
    }));
  }

  /** Writes what comes from the host; nothing may be recorded that has not been sent. */
  write(): void {
    for (const [slot, words] of this.#rewritten) this.#write(this.of(slot), words);
  }

  /** Gives the plan's own memory back. */
  free(): void {
    for (const buffer of this.#constants) buffer.pool.release(buffer);
  }
}
