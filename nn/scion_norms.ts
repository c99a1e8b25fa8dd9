// Which norm for which layer: the tables of Scion, and presets for whole networks.

import { scaledTo } from "./derived_norm.ts";
import { transposed } from "./norms/combine.ts";
import { convScion, embedRms, l1ToRms, l2ToRms, maxAbs, rms, rmsToLinf, rmsToRms, rmsToRmsInput,
  signOverFanIn } from "./norms/named.ts";
import type { Norm } from "./norms/norm.ts";

/** The norms of a network's weights by what they do; without one the atom's default holds. */
export interface NetworkNorms {
  /** First layer, on vectors or images. */
  readonly first?: Norm;
  readonly hidden?: Norm;
  readonly output?: Norm;
  /** A table of tokens `[count, dim]`. */
  readonly embedding?: Norm;
  /** Kernels of convolutions. */
  readonly conv?: Norm;
  readonly bias?: Norm;
}

const transposedL2ToRms = /* @__PURE__ */ transposed(l2ToRms);

const OUTPUTS = { spectral: rmsToRms, row: rmsToLinf, sign: signOverFanIn };
const ONE_HOT = { spectral: l2ToRms, column: l1ToRms, sign: maxAbs };
const TABLES = { spectral: transposedL2ToRms, row: embedRms, sign: maxAbs };

/**
 * Scion's norm for a layer, as a value for the option `norm` of its atom.
 *
 * - `firstImage` of a linear layer on images, `hidden`, `bias`, `conv`
 * - `output`: `spectral`, `row` or `sign`, the default
 * - `oneHot` of a linear layer on one-hot vectors `[dim, count]`: `spectral`, `column` or `sign`
 * - `embedding`, the same of a table `[count, dim]`: `spectral`, `row` or `sign`
 *
 * Each takes the radius last, > 0, default 1.
 *
 * Source: math.md 4.1, the tables of Scion
 * @example
 * const head = linear(10, 64, { norm: scionNorms.output("sign", 1024) });
 */
export const scionNorms = {
  firstImage: (radius = 1): Norm => scaledTo("firstImage", rmsToRmsInput, radius),
  hidden: (radius = 1): Norm => scaledTo("hidden", rmsToRms, radius),
  output: (kind: keyof typeof OUTPUTS = "sign", radius = 1): Norm => {
    return scaledTo("output", pick("output", OUTPUTS, kind), radius);
  },
  bias: (radius = 1): Norm => scaledTo("bias", rms, radius),
  oneHot: (kind: keyof typeof ONE_HOT = "sign", radius = 1): Norm => {
    return scaledTo("oneHot", pick("oneHot", ONE_HOT, kind), radius);
  },
  embedding: (kind: keyof typeof TABLES = "sign", radius = 1): Norm => {
    return scaledTo("embedding", pick("embedding", TABLES, kind), radius);
  },
  conv: (radius = 1): Norm => scaledTo("conv", convScion, radius),
};

function pick<Kind extends string>(
  layer: string, table: Readonly<Record<Kind, Norm>>, kind: Kind,
): Norm {
  if (Object.hasOwn(table, kind)) return table[kind];
  const kinds = Object.keys(table).join(", ");
  throw new RangeError(`scionNorms: no such norm for ${layer}: ${kind}. Use ${kinds}.`);
}

/** Radii of a preset. */
export interface ScionRadii {
  /** Of every matrix that is measured by its singular values. */
  readonly spectral?: number;
  /** Of the output, which is measured by its largest entry. */
  readonly sign?: number;
}

/** Scion's norms and radii for an `mlp` on images: 1, and 1024 at the output. */
export function scionMlp({ spectral = 1, sign = 1024 }: ScionRadii = {}): NetworkNorms {
  return {
    first: scionNorms.firstImage(spectral), hidden: scionNorms.hidden(spectral),
    output: scionNorms.output("sign", sign), bias: scionNorms.bias(spectral),
  };
}

/**
 * Scion's norms and radii for a GPT whose head is its embedding: 50, and 3000 for that table.
 *
 * @example
 * const model = modernGpt({ ...sizes, tied: true, norms: scionGpt() });
 */
export function scionGpt({ spectral = 50, sign = 3000 }: ScionRadii = {}): NetworkNorms {
  const table = scionNorms.output("sign", sign);
  return { hidden: scionNorms.hidden(spectral), embedding: table, output: table };
}

/** Scion's norms and radii for a convolutional classifier: 8, and 128 at the output. */
export function scionCnn({ spectral = 8, sign = 128 }: ScionRadii = {}): NetworkNorms {
  return {
    conv: scionNorms.conv(spectral), hidden: scionNorms.hidden(spectral),
    output: scionNorms.output("sign", sign), bias: scionNorms.bias(spectral),
  };
}
