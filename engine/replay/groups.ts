import { bindGroup } from "../bind_groups.ts";
import type { Kernel } from "../pipeline.ts";
import type { PooledBuffer } from "../pool.ts";
import type { Place } from "./recording.ts";

/** The buffer of a place in the replay that is about to be sent. */
export type BufferOf = (place: Place) => PooledBuffer;

/** Bind groups kept for one place: arguments and results that come and go reuse few buffers. */
const KEPT = 16;

/** What a dispatch binds, made when it is needed and kept. */
export class Group {
  /** As `bind` left it. */
  bound: GPUBindGroup | undefined;
  readonly #kernel: Kernel;
  readonly #places: readonly Place[];
  /** The places whose buffers differ from replay to replay. */
  readonly #moving: readonly Place[];
  readonly #made = new Map<string, GPUBindGroup>();
  readonly #ids: number[] = [];

  constructor(kernel: Kernel, places: readonly Place[], moves: (place: Place) => boolean) {
    this.#kernel = kernel;
    this.#places = places;
    this.#moving = places.filter(moves);
  }

  /** Whether it has to be bound for every replay. */
  get moves(): boolean {
    return this.#moving.length > 0;
  }

  /** Takes the buffers as they are now. */
  bind(gpu: GPUDevice, params: GPUBuffer, bufferOf: BufferOf): void {
    if (!this.#moved(bufferOf) && this.bound) return;
    const key = this.#ids.join();
    const found = this.#made.get(key);
    this.bound = found ?? bindGroup(gpu, this.#kernel, this.#places.map(bufferOf), params);
    if (!found && this.#made.size >= KEPT) this.#made.clear();
    this.#made.set(key, this.bound);
  }

  #moved(bufferOf: BufferOf): boolean {
    let moved = false;
    for (let i = 0; i < this.#moving.length; i++) {
      const { id } = bufferOf(this.#moving[i] as Place); // an index below its length
      moved ||= id !== this.#ids[i];
      this.#ids[i] = id;
    }
    return moved;
  }
}

/** One group for all dispatches that bind the same, in the order of the dispatches. */
export function groupsOf(
  launches: readonly { readonly kernel: Kernel; readonly places: readonly Place[] }[],
  moves: (place: Place) => boolean,
): Group[] {
  const numbers = new Map<Place, number>();
  const groups = new Map<string, Group>();
  const numberOf = (place: Place) => {
    const number = numbers.get(place) ?? numbers.size;
    numbers.set(place, number);
    return number;
  };
  return launches.map(({ kernel, places }) => {
    const key = `${kernel.bindings},${places.map(numberOf)}`;
    const group = groups.get(key) ?? new Group(kernel, places, moves);
    groups.set(key, group);
    return group;
  });
}
