import type { Capture, HostState } from "../capture.ts";
import type { Device } from "../device.ts";
import type { HostArray } from "../dtype.ts";
import type { Word } from "../live.ts";
import type { Kernel } from "../pipeline.ts";
import type { PooledBuffer } from "../pool.ts";
import type { Dispatch } from "../recorder.ts";
import { show } from "../shape.ts";
import type { Storage } from "../storage.ts";
import { type Tensor, nextTensorId } from "../tensor.ts";

/** Memory that a step took from the pool: from there until it was given back. */
export class Slot {
  /** Size class of the pool. */
  readonly bytes: number;
  /** Places of the first and the last dispatch that use it; infinities where none does. */
  first = Infinity;
  last = -Infinity;
  /** Whether a dispatch writes to it. */
  written = false;
  /** Whether it was given back. */
  released = false;
  /** What the host wrote to it before the first use. */
  words: HostArray | undefined;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** What a dispatch binds: memory of the step, the memory of an argument by its number, or other. */
export type Place = Slot | number | PooledBuffer;

/** A dispatch of a step. */
export interface Launch {
  readonly kernel: Kernel;
  readonly places: readonly Place[];
  readonly params: readonly Word[];
  readonly grid: Dispatch["grid"];
}

/** Keeps the record of a step as it is done. */
export class Recording implements Capture {
  readonly device: Device;
  readonly launches: Launch[] = [];
  readonly slots: Slot[] = [];
  /** What the host worked out, in order; see `Capture.worked`. */
  readonly work: (() => unknown)[] = [];
  readonly states = new Set<HostState>();
  /** Buffers from outside, and how often they had been given back. */
  readonly outside = new Map<PooledBuffer, number>();
  /** Whether a buffer from outside was given back. */
  lost = false;
  readonly #inputs: ReadonlyMap<PooledBuffer, number>;
  readonly #storages: ReadonlySet<Storage>;
  readonly #known: ReadonlySet<number>;
  readonly #firstId = nextTensorId();
  readonly #now = new Map<PooledBuffer, Slot>();

  /**
   * @param args tensors that the step is called with
   * @param storages theirs, each once
   */
  constructor(device: Device, args: readonly Tensor[], storages: readonly Storage[]) {
    this.device = device;
    this.#inputs = new Map(storages.map(({ buffer }, i) => [buffer, i]));
    this.#storages = new Set(storages);
    this.#known = new Set(args.map(({ id }) => id));
  }

  dispatched({ kernel, buffers, params, grid }: Dispatch): void {
    const at = this.launches.length;
    const places = buffers.map((buffer, i) => {
      this.#checkPool(buffer);
      const place = this.placeOf(buffer);
      if (place instanceof Slot) {
        place.first = Math.min(place.first, at);
        place.last = at;
        place.written ||= kernel.bindings[i] === "w";
      } else if (typeof place !== "number") this.hold(place);
      return place;
    });
    this.launches.push({ kernel, places, params, grid });
  }

  acquired(buffer: PooledBuffer): void {
    this.#checkPool(buffer);
    const slot = new Slot(buffer.size);
    this.slots.push(slot);
    this.#now.set(buffer, slot);
  }

  released(buffer: PooledBuffer): void {
    const slot = this.#now.get(buffer);
    if (!slot) this.lost = true;
    else slot.released = true;
    this.#now.delete(buffer);
  }

  uploaded(buffer: PooledBuffer, words: HostArray): void {
    const slot = this.#now.get(buffer);
    if (slot) slot.words = words;
  }

  used({ id, shape }: Tensor, storage: Storage | undefined): void {
    if (!storage || !this.#storages.has(storage)) return;
    if (id >= this.#firstId || this.#known.has(id)) return;
    throw new Error(
      `compile: the step uses the memory of an argument by another tensor: ${show(shape)}. `
        + `Pass that one as an argument, too, or neither.`,
    );
  }

  worked(run: () => unknown, state?: HostState): void {
    this.work.push(run);
    if (state) this.states.add(state);
  }

  /** What a buffer is for the step as it stands. */
  placeOf(buffer: PooledBuffer): Place {
    return this.#now.get(buffer) ?? this.#inputs.get(buffer) ?? buffer;
  }

  /** Notes that replays need a buffer from outside. */
  hold(buffer: PooledBuffer): void {
    this.outside.set(buffer, buffer.generation);
  }

  #checkPool({ pool }: PooledBuffer): void {
    if (pool === this.device.pool) return;
    throw new Error(
      "compile: the step works on another device than its arguments. "
        + "Make all of its tensors on one.",
    );
  }
}
