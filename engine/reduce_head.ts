import type { Device } from "./device.ts";
import type { DType } from "./dtype.ts";
import { type Strides, epilogueWords, stridesOfMatrix } from "./fusion/epilogue.ts";
import type { Head, HeadResult } from "./fusion/head.ts";
import type { Source } from "./fusion/pending.ts";
import type { Word } from "./live.ts";
import type { PooledBuffer } from "./pool.ts";
import type { Reduction } from "./reduce.ts";
import { type Fold, type Pass, launchOf, partBytes, passesOf } from "./reduce_passes.ts";
import { passKey, passSource, vectorsOf } from "./reduce_text.ts";
import type { Layout, Shape } from "./shape.ts";

/** What a reduction is made of. */
export interface ReductionParts {
  readonly kind: Reduction;
  /** Of the input, and of the result. */
  readonly dtype: DType;
  readonly out: DType;
  /** Contiguous. */
  readonly input: Source;
  readonly folds: readonly Fold[];
}

/** Parameter words: its own, and room for those of the chain before it to begin a vector. */
const WORDS = 8 + 4;

/** A pass with what it binds, and the chains that are part of it. */
interface Dispatched extends Pick<HeadResult, "prologue" | "epilogue"> {
  readonly pass: Pass;
  readonly begins: boolean;
  readonly ends: boolean;
  readonly from: readonly PooledBuffer[];
  readonly into: PooledBuffer;
  /** What the epilogue reads. */
  readonly leaves: readonly Strides[];
}

/** A reduction that waits. */
export class ReductionHead implements Head {
  readonly shape: Shape;
  readonly bindings = 2;
  readonly words = WORDS;
  readonly loads: 1 | 4;
  readonly #device: Device;
  readonly #parts: ReductionParts;
  readonly #passes: readonly Pass[];

  constructor(device: Device, parts: ReductionParts) {
    this.#device = device;
    this.#parts = parts;
    const { dtype, input: { layout }, folds } = parts;
    this.#passes = passesOf({ device, dtype, layout }, folds);
    const [begin, end] = [this.#passes[0], this.#passes.at(-1)];
    this.shape = [end?.outer ?? 1, end?.inner ?? 1];
    this.loads = begin?.vec4 ? 4 : 1;
  }

  plan(leaves: readonly Layout[]): (result: HeadResult) => void {
    const places = leaves.map(stridesOfMatrix);
    return (result) => this.#record(places, result);
  }

  #record(leaves: readonly Strides[], { target, prologue, epilogue }: HeadResult): void {
    const { pool } = this.#device;
    const { kind, input: { storage } } = this.#parts;
    const last = this.#passes.length - 1;
    let from = prologue?.bound ?? [storage.buffer];
    this.#passes.forEach((pass, i) => {
      const into = i === last ? target : pool.acquire(partBytes(kind, pass));
      this.#pass({
        pass, begins: i === 0, ends: i === last, from, into, leaves,
        prologue: i === 0 ? prologue : undefined, epilogue: i === last ? epilogue : undefined,
      });
      if (i > 0) for (const parts of from) pool.release(parts);
      from = [into];
    });
  }

  #pass({ pass, begins, ends, from, into, leaves, prologue, epilogue }: Dispatched): void {
    const { kernels, recorder } = this.#device;
    const { kind, dtype: type, out, input: { layout: { offset } }, folds } = this.#parts;
    const count = folds.reduce((n, { length }) => n * length, 1);
    const { params, grid } = launchOf(pass, begins ? offset : 0, count);
    const text = {
      kind, type, out, pass, begins, ends, before: prologue, after: epilogue,
    };
    recorder.record({
      kernel: kernels.get(passKey(text), () => passSource(text)),
      buffers: [...from, into, ...prologue?.outs ?? [], ...epilogue?.buffers ?? []],
      params: [
        ...params, ...wholeVectors(prologue?.words ?? []),
        ...(epilogue ? epilogueWords(leaves, epilogue.constants) : []),
      ],
      grid,
    });
  }
}

/** Words padded to the vectors that they fill, one at least. */
function wholeVectors(words: readonly Word[]): Word[] {
  return [...words, ...Array<number>(vectorsOf(words.length) * 4 - words.length).fill(0)];
}
