// Classifiers: residual MLPs and convolutional nets, and a plain convolutional net.

import { type AtomOptions, linear } from "./atoms.ts";
import { abs, flatten, gelu, identity } from "./bonds.ts";
import { checkActivation } from "./checks.ts";
import { compose, named, power, repeat, residual, scale, tare, withSensitivity } from
  "./compose.ts";
import { conv2d } from "./convolutions.ts";
import { avgPool2d, globalAvgPool, maxPool2d } from "./image_bonds.ts";
import type { Module } from "./module.ts";
import { meanSubtract, rmsDivide, rmsNorm } from "./normalizations.ts";
import type { NetworkNorms } from "./scion_norms.ts";

/** Sizes of `resMlp` and `resCnn`. */
export interface ResidualNetOptions {
  readonly output: number;
  /** Width, or channels, of the input. */
  readonly input: number;
  readonly width: number;
  /** Residual blocks, >= 1; each is averaged in with weight `1 / blocks`. */
  readonly blocks: number;
  /** Layers in a block. */
  readonly depth: number;
  /** Mass of all blocks together; stem and head have 1 each. Default 1, for `resCnn` 20. */
  readonly blocksMass?: number;
  /** Norms by what weights do. Default: those of the atoms. */
  readonly norms?: NetworkNorms;
  /** What makes the layers. Default `linear` and `conv2d`; `ATOMS_2024` of the first generation. */
  readonly atoms?: NetAtoms;
}

/** Layers of a `resMlp` and `resCnn`. */
export interface NetAtoms {
  readonly linear: typeof linear;
  readonly conv2d: (
    fanOut: number, fanIn: number, kernel: number, options: AtomOptions & { padding?: number },
  ) => Module;
}

/**
 * A residual MLP on `[batch, ...]`, flattened: blocks of `depth` times RMS division, linear layer,
 * absolute value, mean subtraction. Mass `2 + blocksMass`, sensitivity 1 where the RMS of what is
 * divided is at least one. Weights `stem`, `blocks.0.0.linear`, .., `head`.
 *
 * Source: the first Modula package, ResMLP; the weights carry the scale that is in its forward map
 */
export function resMlp(options: ResidualNetOptions): Module {
  const { output, input, width, blocks, depth, blocksMass = 1, norms = {} } = options;
  const { hidden: norm, first = norm } = norms;
  const { linear: of } = options.atoms ?? ATOMS;
  const layer = compose(meanSubtract(), abs(), of(width, width, { norm }), rmsDivide());
  return compose(
    named("head", of(output, width, { norm: norms.output })),
    blocksOf(layer, blocks, depth, blocksMass),
    named("stem", of(width, input, { norm: first })),
    flatten(),
  );
}

/**
 * A residual convolutional net on `[batch, input, height, width]`: as `resMlp` with 3 x 3
 * convolutions, normalized over everything of an image, and a mean over all places before the
 * head. Mass `2 + blocksMass`. Weights `stem`, `blocks.0.0.conv2d`, .., `head`.
 *
 * Source: the first Modula package, ResCNN
 */
export function resCnn(options: ResidualNetOptions): Module {
  const { output, input, width, blocks, depth, blocksMass = 20, norms = {} } = options;
  const atoms = options.atoms ?? ATOMS;
  const conv = (from: number) => atoms.conv2d(width, from, 3, { padding: 1, norm: norms.conv });
  const axis = [1, 2, 3];
  const layer = compose(meanSubtract({ axis }), abs(), conv(width), rmsDivide({ axis }));
  return compose(
    named("head", atoms.linear(output, width, { norm: norms.output })),
    globalAvgPool(),
    blocksOf(layer, blocks, depth, blocksMass),
    named("stem", conv(input)),
  );
}

const ATOMS: NetAtoms = { linear, conv2d };

function blocksOf(layer: Module, blocks: number, depth: number, mass: number): Module {
  const block = residual(power(layer, depth), blocks);
  return named("blocks", tare(repeat(blocks, () => block), mass));
}

/** Sizes and choices of `convNet`. */
export interface ConvNetOptions {
  /** Number of classes. */
  readonly output: number;
  /** Channels of the images. Default 3. */
  readonly input?: number;
  /** Channels of the stem, whose kernel is 2 x 2. Default 24. */
  readonly stem?: number;
  /** Channels of each group, which halves the sides. Default `[64, 256, 256]`. */
  readonly widths?: readonly number[];
  /** Mass of all groups together; stem and head have 1 each. Default 5. */
  readonly groupsMass?: number;
  /** After every convolution of a group, over the channels of a place. Default `rms`. */
  readonly normalize?: "rms" | "none";
  /** How a group halves the sides. Default `max`. */
  readonly pool?: "max" | "avg";
  /** After every convolution. Default `gelu`. */
  readonly activation?: () => Module;
  /** Biases of the convolutions; of that mass each if it is a number. Default: none. */
  readonly bias?: boolean | number;
  /** Factor of the logits. Default 1. */
  readonly headScale?: number;
  /** Norms by what weights do, such as `scionCnn()`. Default: those of the atoms. */
  readonly norms?: NetworkNorms;
}

/**
 * A convolutional classifier on `[batch, input, height, width]` in the manner of the speed records
 * on CIFAR-10, without batch norm: a 2 x 2 stem, groups of a convolution, a pooling and a second
 * convolution, the mean over all places, a scaled head. Mass `2 + groupsMass`, sensitivity
 * `headScale`: the pooling by `max` is reckoned with one, which holds on average; with `avg`,
 * no normalization and `relu` it is a bound.
 *
 * Weights `stem`, `groups.0.first`, `groups.0.second`, .., `head`.
 *
 * @example
 * const net = convNet({ output: 10, widths: [16, 32, 32] });
 * const logits = net.forward(images, net.initialize(rng(1)));
 */
export function convNet(options: ConvNetOptions): Module {
  const { output, input = 3, stem = 24, widths = [64, 256, 256], groupsMass = 5 } = options;
  const { headScale = 1, activation = gelu, norms = {} } = options;
  checkActivation("convNet", activation);
  if (widths.length === 0) {
    throw new RangeError("convNet: no groups: widths is empty. Give the channels of one or more.");
  }
  const groups = repeat(widths.length, (i) => {
    return groupOf(widths[i] ?? 1, i === 0 ? stem : widths[i - 1] ?? 1, options);
  });
  const settings = convSettings(options);
  return compose(
    scale(headScale, named("head", linear(output, widths.at(-1) ?? 1, { norm: norms.output }))),
    globalAvgPool(),
    named("groups", tare(groups, groupsMass)),
    activation(),
    named("stem", conv2d(stem, input, 2, settings)),
  );
}

function groupOf(width: number, from: number, options: ConvNetOptions): Module {
  const { pool = "max", normalize = "rms", activation = gelu } = options;
  const conv = (name: string, fanIn: number) => {
    return named(name, conv2d(width, fanIn, 3, { ...convSettings(options), padding: 1 }));
  };
  const halve = { avg: () => avgPool2d({ kernel: 2 }), max: averageMax }[pool];
  const even = { none: identity, rms: () => rmsNorm({ axis: 1 }) }[normalize];
  if (!halve || !even) {
    throw new RangeError(`convNet: no such choice: ${pool}, ${normalize}. Use "max" and "rms".`);
  }
  const finish = () => compose(activation(), even());
  return compose(finish(), conv("second", width), finish(), halve(), conv("first", from));
}

function averageMax(): Module {
  return withSensitivity(maxPool2d({ kernel: 2 }), 1);
}

function convSettings({ bias = false, norms = {} }: ConvNetOptions) {
  const choice = bias !== false && { norm: norms.bias, mass: Number(bias) };
  return { norm: norms.conv, bias: choice };
}
