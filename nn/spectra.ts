// The spectra of a module's weights, as data and over a training.

import { type Tensor, abs, dispose, div, lt, permute, reshape, scope, slice, square, svd, tensor,
  where } from "../autograd/index.ts";
import { checkModule } from "./compose.ts";
import type { Module, WeightEntry, Weights } from "./module.ts";
import { lineNorms } from "./norms/lines.ts";
import { spectral } from "./norms/named.ts";
import type { MeasureOptions } from "./norms/norm.ts";
import { singularValues } from "./singular_values.ts";
import { toList } from "./weights.ts";

/** What is looked at in one weight. */
export interface LayerSpectrum {
  /** Of the weight. */
  readonly path: string;
  readonly shape: readonly number[];
  /**
   * `singular values` of a matrix, or of all blocks of a stack or taps of a kernel; for a table
   * `row norms`, for a vector its `entries`.
   */
  readonly kind: "singular values" | "row norms" | "entries";
  /** Largest first, divided by what they are where the layer's norm is one. */
  readonly values: readonly number[];
  /** How many directions carry weight: sum of squares over the largest square. */
  readonly stableRank: number;
}

/** Smaller sides from which on the decomposition runs on the device, in float32. */
const HOST_LIMIT = 256;

/**
 * Every weight's spectrum, divided by the layer's target: 1 is where the singular values of an
 * update of norm one are, and of a weight in the unit ball of a singular norm none is above.
 *
 * Singular values are computed on the host in float64 for smaller sides up to 256: a second each at
 * 128 x 512; on the device for larger ones.
 */
export async function spectra(module: Module, weights: Weights): Promise<LayerSpectrum[]> {
  checkModule("spectra", module);
  const list = toList(module.plan, "spectra", weights);
  const found: LayerSpectrum[] = [];
  for (const [i, entry] of module.entries.entries()) {
    const { kind, sizes } = await sizesOf(entry, list[i] as Tensor); // one for each entry
    const unit = await unitNorm(entry);
    const values = Array.from(sizes, (x) => x * unit).sort((a, b) => b - a);
    found.push({
      path: entry.path, shape: entry.shape, kind, values, stableRank: stableRankOf(values),
    });
  }
  return found;
}

/** The sum of squares over the largest square; 0 of zeros. */
function stableRankOf([first = 0, ...rest]: readonly number[]): number {
  return first === 0 ? 0 : rest.reduce((sum, x) => sum + (x / first) ** 2, 1);
}

/**
 * The stable rank of matrices, `|W|_F^2 / sigma_1^2`: how many directions carry weight. At most the
 * rank, and the rank where all singular values are equal.
 *
 * @param w `[..., m, n]` f32
 * @param options method: default iterations, within 1e-5
 * @returns `[...]`; 0 for zero matrices
 */
export function stableRank(w: Tensor, options: MeasureOptions = {}): Tensor {
  return scope(() => {
    const top = spectral.norm(w, options);
    const zero = lt(top, SMALLEST_NORMAL); // NaN is not, and stays
    const whole = reshape(lineNorms(w, [-2, -1]), top.shape);
    return where(zero, 0, square(div(whole, where(zero, 1, top))));
  });
}

/** Below this GPUs may take numbers for zero. */
const SMALLEST_NORMAL = 2 ** -126;

/** The norm of a weight with one entry, which is one: of one singular value, or one line. */
async function unitNorm({ norm, shape }: WeightEntry): Promise<number> {
  const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
  data[0] = 1;
  const found = scope(() => norm.norm(tensor(data, { shape })));
  const [value = NaN] = await found.read();
  found.dispose();
  return value;
}

async function sizesOf(
  { shape, acts }: WeightEntry, weight: Tensor,
): Promise<{ kind: LayerSpectrum["kind"]; sizes: Iterable<number> & ArrayLike<number> }> {
  const read = async (make: () => Tensor) => {
    const made = scope(make);
    const values = await made.read();
    made.dispose();
    return values;
  };
  if (shape.length < 2) return { kind: "entries", sizes: await read(() => abs(weight)) };
  if (acts?.kind === "table") {
    return { kind: "row norms", sizes: await read(() => lineNorms(weight, [-1])) };
  }
  const blocks = scope(() => matricesOf(weight, acts?.kind === "kernel"));
  const [count = 0, m = 1, n = 1] = blocks.shape;
  try {
    if (Math.min(m, n) > HOST_LIMIT) {
      return { kind: "singular values", sizes: await read(() => svd(blocks).s) };
    }
    const sizes: number[] = [];
    for (let i = 0; i < count; i++) {
      const block = scope(() => reshape(slice(blocks, [[i, i + 1]]), [m, n]));
      sizes.push(...await singularValues(block));
      block.dispose();
    }
    return { kind: "singular values", sizes };
  } finally {
    dispose(blocks);
  }
}

/** `[blocks, m, n]`; the taps of a kernel `[out, in, ...]` are blocks. */
function matricesOf(weight: Tensor, isKernel: boolean): Tensor {
  const { shape } = weight;
  if (!isKernel) return reshape(weight, [-1, ...shape.slice(-2)]);
  const axes = shape.map((_, i) => i);
  return reshape(permute(weight, [...axes.slice(2), 0, 1]), [-1, ...shape.slice(0, 2)]);
}

/** The spectra at one step. */
export interface SpectraSnapshot {
  readonly step: number;
  readonly layers: readonly LayerSpectrum[];
}

/** Collects spectra during a training, for `spectraHeatMap`. */
export interface SpectraHistory {
  /** Takes a snapshot. The weights may change as soon as it is awaited. */
  record(step: number, weights: Weights): Promise<void>;
  /** In the order in which they were taken. */
  readonly snapshots: readonly SpectraSnapshot[];
}

/**
 * Opens an empty history of a module's spectra.
 *
 * @example
 * const history = spectraHistory(model);
 * if (step % 20 === 0) await history.record(step, weights);
 * writeFileSync("spectra.svg", spectraHeatMap({ title: "Spectra", snapshots: history.snapshots }));
 */
export function spectraHistory(module: Module): SpectraHistory {
  const snapshots: SpectraSnapshot[] = [];
  return {
    snapshots,
    record: async (step, weights) => {
      snapshots.push({ step, layers: await spectra(module, weights) });
    },
  };
}
