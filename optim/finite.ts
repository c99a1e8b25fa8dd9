// The finite-check: a step with NaN or infinity in a gradient is refused on the device.

import finiteText from "../kernels/update/finite.wgsl" with { type: "text" };
import markText from "../kernels/update/mark.wgsl" with { type: "text" };
import { type DType, type Device, type Tensor, keep, reshape, slice, zeros } from
  "../autograd/index.ts";
import { type Body, type Scalar, type ThreadKernel, contiguousCopy, elementwiseInto, runThreads,
  unroll } from "../engine/index.ts";
import type { Pair } from "./leaves.ts";

/**
 * What becomes of a step with a gradient that has a NaN or an infinity. Neither weights nor state
 * change by it in any case. It counts as a step: schedules go on, and so do the corrections for
 * averages that begin at zero, so that Adam's first steps are smaller after one. "throw": the next
 * read of any tensor throws a `NonFiniteError` that names the weight. "skip": nothing is thrown;
 * see `Optimizer.refusals`.
 */
export type NonFinite = "throw" | "skip";

/** The kinds of `NonFinite`. */
export const NON_FINITE = ["throw", "skip"] as const;

const MARK: Body = { name: "updateMark", wgsl: markText };

/** Vectors of four words that a thread looks at, and on a processor, where threads cost more. */
const [TURNS, MORE_TURNS] = [4, 16] as const;
/** Tensors that a dispatch looks at, at most. */
const SOURCES = 6;
/**
 * Elements from which a tensor has a dispatch of its own on a processor: there each tensor of a
 * dispatch is read for all of them, and only a GPU skips what is not asked for.
 */
const LARGE = 2 ** 12;

/** Dtypes of gradients, by the number that the kernel knows them by. */
const KINDS: readonly DType[] = ["f32", "f16", "bf16"];

/** Looks for what is not finite, and remembers where it was. */
export class Watch {
  readonly #op: string;
  readonly #how: NonFinite;
  /** The flags of all steps together: a step's number for each weight, of the last one. */
  #record: Tensor | undefined;
  #paths: readonly string[] = [];

  /** @param op the optimizer's name, for errors */
  constructor(op: string, how: NonFinite) {
    this.#op = op;
    this.#how = how;
  }

  /**
   * Records the check; nothing is read.
   *
   * @returns a scalar, 1 if the step is refused and 0 if not; undefined without gradients
   */
  look(list: readonly Pair[], step: Scalar): Tensor | undefined {
    const [first] = list;
    if (!first) return undefined;
    const { device } = first.weight;
    const flags = zeros([1 + list.length], { dtype: "i32", device });
    const sources = list.map(({ path, grad }, i) => {
      return { grad: fills(grad) ? grad : contiguousCopy(grad), code: this.#code(path, device),
        flag: 1 + i };
    });
    for (const part of together(sources)) check(part, flags, step);
    if (this.#how === "skip") this.#remember(list, flags, step);
    return reshape(slice(flags, [[0, 1]]), []);
  }

  #code(path: string, { faults }: Device): number {
    const what = `${this.#op}: a gradient is not finite: ${path || "the weight"}`;
    return this.#how === "throw" ? faults.code(what, "gradient") : 0;
  }

  #remember(list: readonly Pair[], flags: Tensor, step: Scalar): void {
    if (list.length !== this.#paths.length) this.#forget();
    this.#record ??= keep(zeros(flags.shape, { dtype: "i32", device: flags.device }));
    this.#paths = list.map(({ path }) => path);
    const operands = [this.#record, flags, step];
    elementwiseInto(this.#record, { body: MARK, operands, type: "i32", out: "i32" });
  }

  /** See `Optimizer.refusals`. */
  async refusals(): Promise<Record<string, number>> {
    const steps = this.#record ? await this.#record.read() : [];
    const all = this.#paths.map((path, i) => [path, Number(steps[1 + i] ?? 0)] as const);
    return Object.fromEntries(all.filter(([, step]) => step > 0));
  }

  /** Frees what is remembered. */
  dispose(): void {
    this.#forget();
  }

  #forget(): void {
    this.#record?.dispose();
    this.#record = undefined;
    this.#paths = [];
  }
}

/** Whether the elements are, in some order, those of a stretch of memory of their number. */
function fills({ layout: { shape, strides }, size }: Tensor): boolean {
  const reach = strides.reduce((sum, by, axis) => sum + by * ((shape[axis] ?? 1) - 1), 1);
  return size === 0 || (strides.every((by) => by >= 0) && reach === size);
}

/** A gradient that fills a stretch of memory, its flag, and its code for the report. */
interface Source {
  readonly grad: Tensor;
  readonly flag: number;
  readonly code: number;
}

/** Those that a dispatch looks at. */
function together(sources: readonly Source[]): Source[][] {
  const isLarge = ({ grad: { device, size } }: Source): boolean => {
    return device.info.software && size >= LARGE;
  };
  const rest = sources.filter((source) => !isLarge(source));
  const parts = Array.from({ length: Math.ceil(rest.length / SOURCES) }, (_, i) => {
    return rest.slice(i * SOURCES, (i + 1) * SOURCES);
  });
  return [...sources.filter(isLarge).map((source) => [source]), ...parts];
}

/** Records the check of a few gradients. */
function check(sources: readonly Source[], flags: Tensor, step: Scalar): void {
  const turns = flags.device.info.software ? MORE_TURNS : TURNS;
  let end = 0;
  const words = sources.flatMap(({ grad: { size, dtype, layout: { offset } }, flag, code }) => {
    const each = dtype === "f32" ? 4 : 8; // elements of a vector
    const [first, last] = [Math.floor(offset / each), Math.ceil((offset + size) / each)];
    end += Math.ceil((last - first) / turns);
    return [end, flag, first, last, offset, offset + size, KINDS.indexOf(dtype), code];
  });
  const plain = sources.every(({ grad: { size, dtype, layout: { offset } } }) => {
    return dtype === "f32" && size % 4 === 0 && offset % 4 === 0;
  });
  const kernel = kernelFor(sources.length, turns, plain);
  runThreads(kernel, sources.map(({ grad }) => grad), flags, end, [step, 0, 0, ...words]);
}

function kernelFor(count: number, turns: number, plain: boolean): ThreadKernel {
  const sizes = `const SOURCES = ${count}u;\nconst TURNS = ${turns}u;\nconst PLAIN = ${plain};\n`;
  return {
    name: `updateFinite${count}x${turns}${plain ? "Plain" : ""}`, faults: true, halves: true,
    wgsl: sizes + unroll(finiteText, count, 1),
  };
}
