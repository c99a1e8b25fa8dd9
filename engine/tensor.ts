import { capturing } from "./capture.ts";
import type { Device } from "./device.ts";
import type { DType, HostArray } from "./dtype.ts";
import { DisposedError } from "./errors.ts";
import { own } from "./ownership.ts";
import { type Layout, type Shape, at, isContiguous, show, sizeOf } from "./shape.ts";
import type { Storage } from "./storage.ts";

/** Nested arrays of numbers, as deep as the tensor has axes; a number for a scalar. */
export type Nested = number | readonly Nested[];

let nextId = 1;

/** The identity of the next value: those of tensors that are there already are below it. */
export function nextTensorId(): number {
  return nextId;
}

/**
 * Numbers of one type on a device, in a shape. It has data, reads and `dispose`; operations are
 * free functions.
 *
 * A tensor may be a view: several tensors then share one storage, which is freed with the last.
 * It belongs to the scope it was made in, or lives until `dispose()` if there was none.
 */
export class Tensor implements Disposable {
  readonly device: Device;
  readonly dtype: DType;
  /** @internal Identity of the value on a tape: handles to one value share it. */
  readonly id: number;
  /** @internal Where the elements lie in the storage. */
  readonly layout: Layout;
  #owner: Set<Tensor> | undefined;
  #storage: Storage | undefined;
  readonly #madeAt: string | undefined;

  /** @internal Made by the engine only; takes over one hold on `storage`. */
  constructor(device: Device, dtype: DType, layout: Layout, storage: Storage, id = nextId++) {
    this.device = device;
    this.dtype = dtype;
    this.layout = layout;
    this.id = id;
    this.#storage = storage;
    storage.kept++;
    this.#madeAt = device.debug ? new Error("made").stack : undefined;
    device.tensorMade(this, this.#madeAt);
    own(this);
  }

  /** @internal The tensors of the scope that owns this one. */
  get owner(): Set<Tensor> | undefined {
    return this.#owner;
  }

  set owner(set: Set<Tensor> | undefined) {
    if (this.#storage) this.#storage.kept += Number(!set) - Number(!this.#owner);
    this.#owner = set;
  }

  /** Sizes of the axes, outermost first; `[]` for a scalar. */
  get shape(): Shape {
    return this.layout.shape;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.layout.shape);
  }

  /** Whether `dispose` has run, by hand or through a scope. */
  get disposed(): boolean {
    return this.#storage === undefined;
  }

  /**
   * @internal The storage, for an operation about to use it.
   * @throws DisposedError naming the operation
   */
  storage(op: string): Storage {
    capturing.now?.used(this, this.#storage);
    if (this.#storage) return this.#storage;
    const where = this.#madeAt ? ` Made at:\n${this.#madeAt}\n` : "";
    throw new DisposedError(
      `${op}: the tensor ${show(this.shape)} ${this.dtype} was disposed.${where} `
        + `Keep it with keep(), or return it from its scope.`,
    );
  }

  /** @internal Another handle to the same value, for the current scope to own. */
  alias(): Tensor {
    const storage = this.storage("alias").retain();
    return new Tensor(this.device, this.dtype, this.layout, storage, this.id);
  }

  /** @internal A view of the same storage with another layout: a new value. */
  view(op: string, layout: Layout): Tensor {
    return new Tensor(this.device, this.dtype, layout, this.storage(op).retain());
  }

  /** @internal Whether the elements lie one after another, row-major. */
  get contiguous(): boolean {
    return isContiguous(this.layout);
  }

  /**
   * Waits for the work recorded so far and copies the elements to the host.
   *
   * @returns row-major elements: Float32Array for f32, and for f16 and bf16, which the host widens;
   *   Int32Array for i32, Uint32Array for u32 and for bool (0 or 1)
   * @throws DisposedError, GpuError, DeviceLostError; IndexError if an index was out of range since
   *   the last read
   */
  read(): Promise<HostArray> {
    return this.device.read(this);
  }

  /**
   * The only element of a tensor of size 1, as a number.
   *
   * @throws RangeError if it has another size
   */
  item(): Promise<number> {
    if (this.size === 1) return this.read().then((data) => at([...data], 0));
    return Promise.reject(new RangeError(
      `item: the tensor has ${this.size} elements: ${show(this.shape)}. Use read() or toArray().`,
    ));
  }

  /** The elements as nested arrays, as deep as there are axes; a number for a scalar. */
  toArray(): Promise<Nested> {
    return this.read().then((data) => nest(data, this.shape));
  }

  /** Frees the tensor. Doing it twice is fine; using it afterwards throws DisposedError. */
  dispose(): void {
    if (!this.#storage) return;
    this.owner?.delete(this);
    this.owner = undefined;
    this.#storage.kept--;
    this.#storage.release();
    this.#storage = undefined;
    this.device.tensorGone(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function nest(data: HostArray, shape: Shape): Nested {
  if (shape.length === 0) return data[0] ?? NaN;
  let level: Nested[] = [...data];
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const width = at(shape, axis);
    const count = sizeOf(shape.slice(0, axis));
    const inner = level;
    level = Array.from({ length: count }, (_, i) => inner.slice(i * width, (i + 1) * width));
  }
  return level;
}
