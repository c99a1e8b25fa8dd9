import { type DType, isHalf, storageBytes, wgslType } from "../dtype.ts";
import { type Scalar, isScalar } from "../live.ts";
import type { PooledBuffer } from "../pool.ts";
import { type Layout, isContiguous, sizeOf } from "../shape.ts";
import { Storage } from "../storage.ts";
import type { Fusion } from "./fusion.ts";
import type { Head } from "./head.ts";
import type { Body, Stored, WgslType } from "./program.ts";

/** What a result is computed from: elements in memory, or another result that waits. */
export interface Source {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly layout: Layout;
  /** Whether they are converted to the type that is computed with. */
  readonly convert: boolean;
}

/** An operand, or a constant. */
export type Input = Source | Scalar;

/** What is computed. */
export interface Work {
  readonly body: Body;
  /** What `T` stands for in the body: for `f16` and `bf16` it is f32. */
  readonly type: DType;
  readonly out: DType;
  /** What computes it, where that is a kernel of its own. The body is then that of `ITSELF`. */
  readonly head?: Head;
}

/** The work on the elements of a head that has not been computed yet: none. */
export const ITSELF: Body = { name: "head", wgsl: "fn op(x: T) -> T { return x; }" };

let made = 0;

/**
 * An elementwise result, or that of a head, that has not been computed yet. It holds what it is
 * computed from, and is computed when its buffer is asked for: together with those of its inputs
 * that wait, too.
 */
export class Pending {
  /** Larger than that of those made before it. */
  readonly number = ++made;
  readonly body: Body;
  /** dtype of the result. */
  readonly out: DType;
  inputs: readonly Input[];
  /** Where the elements go; the shape is that of the result. */
  readonly layout: Layout;
  readonly size: number;
  /** Whether the bits of half-precision numbers are moved as they are. */
  readonly moved: boolean;
  /** What `T` stands for in the body. */
  readonly type: WgslType;
  /** Type of an element on its way to the next step. */
  readonly value: WgslType;
  readonly storage: Storage;
  /** Where the result waits to be written over what is there: that, as it is until then. */
  over: Storage | undefined;
  /** Whether all elements are the same, known without reading memory. */
  readonly uniform: boolean;
  /** What computes it, where that is no chain of steps. */
  readonly head: Head | undefined;
  /** The head that its chain begins with: one at most. */
  #first: Pending | undefined;
  /** Steps of the chain that ends here, at most: what is used twice may be counted twice. */
  steps = 1;
  /** Scratch of the chain being gathered: which, place in it, and uses inside it. */
  chain = 0;
  place = 0;
  uses = 0;
  /** Neighbours among all that wait. */
  before: Pending | undefined;
  after: Pending | undefined;
  readonly #fusion: Fusion;

  /**
   * @param layout of the target, or of a new tensor
   * @param moved whether the body copies elements of the result's own dtype
   * @param target where the result goes, if it is not to a buffer of its own
   */
  constructor(
    fusion: Fusion, { body, type, out, head }: Work, inputs: readonly Input[], layout: Layout,
    moved: boolean, target?: Storage,
  ) {
    this.#fusion = fusion;
    this.head = head;
    if (head) this.#first = this;
    this.body = body;
    this.out = out;
    this.inputs = inputs;
    this.layout = layout;
    this.size = sizeOf(layout.shape);
    this.moved = moved && isHalf(out);
    this.type = this.moved ? "u32" : wgslType(type);
    this.value = this.moved ? "u32" : wgslType(out);
    this.storage = target ?? new Storage(fusion.device.pool, this);
    let uniform = body.indexed !== true && !head && !target;
    for (const x of inputs) {
      if (isScalar(x)) continue;
      this.#hold(x);
      uniform &&= x.storage.pending?.uniform === true;
    }
    this.uniform = uniform;
  }

  /** The head that its chain begins with, as long as that waits. */
  get first(): Pending | undefined {
    const storage = this.#first?.storage;
    return storage && storage.holders > 0 && storage.pending === this.#first ? this.#first
      : undefined;
  }

  /**
   * Waits although it is to be written over its target: the target's readers among the chain's
   * steps, which see each element in place, read its elements as they are.
   */
  putOff(steps: readonly Pending[]): void {
    const { storage } = this;
    const over = storage.twin();
    for (const step of steps) step.#redirect(storage, over);
    storage.surrender(this);
    this.over = over;
  }

  #redirect(from: Storage, to: Storage): void {
    this.inputs = this.inputs.map((x) => {
      if (isScalar(x) || x.storage !== from) return x;
      to.retainReader();
      from.releaseReader();
      return { ...x, storage: to };
    });
  }

  /** How elements of a dtype are stored where this reads or writes them. */
  stored(dtype: DType): Stored {
    return this.moved ? "bits" : isHalf(dtype) ? dtype : wgslType(dtype);
  }

  /**
   * Computes the result: the storage then has a buffer.
   *
   * @param all whether those before it that others hold are all computed along with it
   */
  compute(all = false): void {
    this.#fusion.compute(this, all);
  }

  /** A buffer for the result: a new one, or that of what it is written over. */
  takeBuffer(): PooledBuffer {
    const { pool } = this.#fusion.device;
    return this.over?.buffer ?? pool.acquire(storageBytes(this.size, this.out));
  }

  /** Takes the buffer that the result is computed into, and lets go of the inputs. */
  settle(buffer: PooledBuffer): void {
    this.over?.surrender();
    this.storage.settle(buffer);
    this.drop();
  }

  /** Lets go of the inputs: the result is there, or nobody asks for it. */
  drop(): void {
    this.#fusion.forget(this);
    for (const x of this.inputs) if (!isScalar(x)) x.storage.releaseReader();
    this.over?.release();
  }

  /** Holds an input; one that waits and cannot be computed along with this is computed. */
  #hold({ storage, layout, dtype }: Source): void {
    const { pending } = storage;
    const joins = pending && (this.head ? this.#loads(pending, layout, dtype)
      : this.#takes(pending, layout, dtype) && this.#joins(pending));
    if (!joins) pending?.compute();
    storage.retainReader();
    if (!this.head) this.steps += storage.pending?.steps ?? 0;
  }

  /** Whether an operand has this result's places, so that it can be computed along with it. */
  #takes(x: Pending, layout: Layout, dtype: DType): boolean {
    if (x.out !== dtype || isHalf(dtype)) return false; // halves are rounded in memory
    return x.uniform || (x.size === this.size && isWhole(x, layout));
  }

  /** Whether this head can load what the chain of an operand gives instead of its elements. */
  #loads(x: Pending, layout: Layout, dtype: DType): boolean {
    return this.head?.loads !== undefined && !x.first && x.out === dtype && !isHalf(dtype)
      && x.size > this.size && isWhole(x, layout);
  }

  /** Whether the chain begins with one head at most if this result is among its steps. */
  #joins({ first }: Pending): boolean {
    if (first && this.first && first !== this.first) return false;
    if (first) this.#first = first;
    return true;
  }
}

/** Whether a layout shows all elements of a result in their order. */
function isWhole({ size }: Pending, layout: Layout): boolean {
  return layout.offset === 0 && isContiguous(layout) && sizeOf(layout.shape) === size;
}

/** Computes results from the last one on, so that those in between are computed along. */
export function computeAll(results: readonly Pending[], all = false): void {
  for (const { storage } of results.toReversed()) {
    if (storage.holders > 0) storage.pending?.compute(all); // else it has been let go meanwhile
  }
}
