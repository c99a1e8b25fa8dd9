// The finite-check: a step with NaN or infinity in a gradient is refused on the device.

import finiteText from "../kernels/update/finite.wgsl" with { type: "text" };
import markText from "../kernels/update/mark.wgsl" with { type: "text" };
import { type DType, type Device, type Tensor, keep, reshape, slice, zeros } from
  "../autograd/index.ts";
import { type Body, type Scalar, type ThreadKernel, contiguousCopy, elementwiseInto, runThreads }
  from "../engine/index.ts";
import type { Pair } from "./leaves.ts";

/**
 * What becomes of a step with a gradient that has a NaN or an infinity. Neither weights nor state
 * change by it in any case, and it counts as a step. "throw": the next read of any tensor throws a
 * `NonFiniteError` that names the weight. "skip": nothing is thrown; see `Optimizer.refusals`.
 */
export type NonFinite = "throw" | "skip";

/** The kinds of `NonFinite`. */
export const NON_FINITE = ["throw", "skip"] as const;

const FINITE: ThreadKernel = { name: "updateFinite", wgsl: finiteText, faults: true, halves: true };
const MARK: Body = { name: "updateMark", wgsl: markText };

/** Elements a thread looks at, and tensors a dispatch does, as in the kernel. */
const [RUN, SOURCES] = [8, 6];

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
    for (let i = 0; i < list.length; i += SOURCES) {
      const part = list.slice(i, i + SOURCES);
      const codes = part.map(({ path }) => this.#code(path, device));
      const sources = part.map(({ grad }) => (fills(grad) ? grad : contiguousCopy(grad)));
      check(sources, codes, flags, 1 + i, step);
    }
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

/** Records the check of a few tensors; `place` is the first one's flag. */
function check(
  sources: readonly Tensor[], codes: readonly number[], flags: Tensor, place: number, step: Scalar,
): void {
  let end = 0;
  const words = Array.from({ length: SOURCES }, (_, k) => {
    const { size = 0, layout } = sources[k] ?? {};
    end += Math.ceil(size / RUN);
    return [end, size, layout?.offset ?? 0, codes[k] ?? 0];
  });
  const [first] = sources;
  if (!first) return;
  const kinds = sources.map(({ dtype }, k) => KINDS.indexOf(dtype) << (2 * k));
  const packed = kinds.reduce((all, kind) => all | kind, 0);
  const bound = Array.from({ length: SOURCES }, (_, k) => sources[k] ?? first);
  runThreads(FINITE, bound, flags, end, [place, step, packed, ...words.flat()]);
}
