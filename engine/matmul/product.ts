import type { Device } from "../device.ts";
import type { DType } from "../dtype.ts";
import type { Strides } from "../fusion/epilogue.ts";
import type { Head, HeadResult } from "../fusion/head.ts";
import type { Source } from "../fusion/pending.ts";
import { type Layout, type Shape, type Walk, at, broadcastStrides, mergeAxes, sizeOf } from
  "../shape.ts";
import type { Choice } from "./choose.ts";
import { type Job, WORDS, launches, scratchOf } from "./launch.ts";
import type { Problem, Way } from "./problem.ts";
import { BOUND, type Variant } from "./variant.ts";

/** What a product is made of. */
export interface ProductParts {
  readonly a: Source;
  readonly b: Source;
  readonly d: Source | undefined;
  /** Of the result. */
  readonly shape: Shape;
  readonly alpha: number;
  readonly beta: number;
  readonly symmetric: boolean;
  readonly variant: Variant | undefined;
}

/** A product whose operands are there, to be dispatched when its result is needed. */
export class MatmulProduct implements Head {
  readonly bindings = BOUND;
  readonly words = WORDS;
  readonly #device: Device;
  readonly #parts: ProductParts;
  readonly #problem: Problem;
  readonly #choice: Choice;

  /** @throws RangeError if the variant asked for cannot compute it */
  constructor(device: Device, parts: ProductParts) {
    this.#device = device;
    this.#parts = parts;
    this.#problem = problemOf(parts);
    this.#choice = device.matmuls.choice(this.#problem, parts.variant);
  }

  get shape(): Shape {
    return this.#parts.shape;
  }

  get symmetric(): boolean {
    return this.#parts.symmetric;
  }

  plan(leaves: readonly Layout[]): ((result: HeadResult) => void) | undefined {
    const { shape, alpha, beta } = this.#parts;
    const batch = shape.slice(0, -2);
    const layouts = [...layoutsOf(this.#parts), ...leaves];
    const walk = batchWalk(batch, layouts);
    if (walk.shape.length > 3) return undefined;
    const strides = layouts.map((layout, i) => stridesOf(layout, walk.strides[i] ?? []));
    const [a, b] = strides as [Strides, Strides]; // these are always there
    const rest = strides.slice(2);
    const d = this.#parts.d && rest.shift();
    const job = {
      problem: this.#problem, batch: padded(walk.shape, 1), a, b, d, alpha, beta, leaves: rest,
      software: this.#device.info.software,
    };
    return (result) => this.#record(job, result);
  }

  #record(job: Omit<Job, "epilogue">, { target, epilogue }: HeadResult): void {
    const { pool, recorder, kernels } = this.#device;
    const { a, b, d } = this.#parts;
    const scratch = scratchOf(this.#problem, this.#choice);
    const parts = scratch > 0 ? pool.acquire(scratch * 4) : undefined;
    const bound = {
      a: a.storage.buffer, b: b.storage.buffer, d: d?.storage.buffer ?? b.storage.buffer,
      c: target, parts: parts ?? target,
    };
    const list = launches({ ...job, epilogue }, this.#choice);
    for (const { key, source, roles, finishes, params, grid } of list) {
      const buffers = roles.map((role) => bound[role]);
      if (finishes && epilogue) buffers.push(...epilogue.buffers);
      recorder.record({ kernel: kernels.get(key, source), buffers, params, grid });
    }
    if (parts) pool.release(parts);
  }
}

/** Whether the kernels can step through the batch axes of operands as they lie. */
export function canWalk(shape: Shape, operands: readonly Layout[]): boolean {
  const [a, b, ...rest] = operands as [Layout, Layout, Layout?];
  const layouts = [a, b, ...rest.map((d) => broadcastTo(d as Layout, shape))];
  return batchWalk(shape.slice(0, -2), layouts).shape.length <= 3;
}

function layoutsOf({ a, b, d, shape }: ProductParts): Layout[] {
  return [a.layout, b.layout, ...(d ? [broadcastTo(d.layout, shape)] : [])];
}

function problemOf({ a, b, shape, symmetric }: ProductParts): Problem {
  const [m, n, k] = [at(shape, shape.length - 2), at(shape, shape.length - 1), size(a.layout, -1)];
  const batch = shape.slice(0, -2);
  const walk = batchWalk(batch, [a.layout, b.layout]);
  const [left, right] = [a, b].map(({ layout }, i) => stridesOf(layout, walk.strides[i] ?? [])) as
    [Strides, Strides];
  return {
    m, n, k, batch: sizeOf(batch), symmetric,
    a: wayOf(a.dtype, left, left.col === 1, m, k),
    b: wayOf(b.dtype, right, right.row === 1, n, k),
  };
}

/** The batch axes that the operands step through, merged where they can be. */
function batchWalk(batch: Shape, layouts: readonly Layout[]): Walk {
  if (batch.length === 0) return { shape: [], strides: layouts.map(() => []) };
  return mergeAxes(batch, layouts.map((l) => broadcastStrides(stack(l), batch)));
}

function stridesOf(layout: Layout, batch: readonly number[]): Strides {
  return {
    row: stride(layout, -2), col: stride(layout, -1),
    batch: [layout.offset, ...padded(batch, 0)],
  };
}

/** Three numbers, the last ones being those of the list. */
function padded(list: readonly number[], filler: number): number[] {
  return [...Array<number>(3 - list.length).fill(filler), ...list];
}

/**
 * @param down whether terms of a sum lie side by side
 * @param lines rows of A or columns of B
 */
function wayOf(
  dtype: DType, { row, col, batch }: Strides, down: boolean, lines: number, k: number,
): Way {
  const beside = row === 1 || col === 1;
  const [count, length, step] = down ? [lines, k, Math.max(row, col)]
    : [k, lines, Math.max(row, col)];
  const whole = length % 4 === 0 && (step % 4 === 0 || count === 1);
  return { dtype, down, vec4: beside && whole && batch.every((s) => s % 4 === 0) };
}

function size(layout: Layout, axis: number): number {
  return at(layout.shape, layout.shape.length + axis);
}

function stride(layout: Layout, axis: number): number {
  return at(layout.strides, layout.strides.length + axis);
}

/** The leading axes of a layout. */
function stack({ shape, strides, offset }: Layout): Layout {
  return { shape: shape.slice(0, -2), strides: strides.slice(0, -2), offset };
}

/** A layout with its elements repeated. */
export function broadcastTo(layout: Layout, shape: Shape): Layout {
  return { shape, strides: broadcastStrides(layout, shape), offset: layout.offset };
}
