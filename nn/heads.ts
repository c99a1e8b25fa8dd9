// Linear maps side by side: one matrix for each head, expert or group, each measured on its own.

import { type Tensor, matmul, reshape, transpose } from "../autograd/index.ts";
import { ShapeError, show } from "../engine/index.ts";
import { type AtomOptions, atom, weightOf, withWidth } from "./atoms.ts";
import { asTensor } from "./bonds.ts";
import { overStack } from "./derived_norm.ts";
import type { Module } from "./module.ts";
import { rmsToRms } from "./norms/named.ts";
import { BILINEAR } from "./sharpness.ts";

/**
 * A matrix for each head, all on the same input: `[..., seq, fanIn]` to
 * `[..., heads, seq, fanOut]`, with the weight `[heads, fanOut, fanIn]`. Like `splitHeads` after a
 * `linear`, but every head's update has all its singular values one.
 *
 * @param options norm: one of matrices is the largest of the heads; default `rmsToRms`
 * @throws RangeError, ShapeError for options that do not fit, naming the weight
 */
export function headLinear(
  heads: number, fanOut: number, fanIn: number, options: AtomOptions = {},
): Module {
  return sideBySide("headLinear", [heads, fanOut, fanIn], options, (x, weight, path) => {
    const input = withWidth(x, fanIn, path);
    const [seq = 1] = input.shape.slice(-2, -1);
    // One product for all heads: the rows of the stack are those of one tall matrix.
    const y = matmul(input, transpose(reshape(weight, [heads * fanOut, fanIn])));
    const split = reshape(y, [...input.shape.slice(0, -2), seq, heads, fanOut]);
    return transpose(split, { axes: [-3, -2] });
  });
}

/**
 * A matrix for each group, each on its own input: `[..., groups, seq, fanIn]` to
 * `[..., groups, seq, fanOut]`, with the weight `[groups, fanOut, fanIn]`: heads, experts.
 *
 * @param options as of `headLinear`
 * @throws as `headLinear`
 */
export function groupedLinear(
  groups: number, fanOut: number, fanIn: number, options: AtomOptions = {},
): Module {
  return sideBySide("groupedLinear", [groups, fanOut, fanIn], options, (x, weight, path) => {
    const input = withWidth(x, fanIn, path);
    if (input.shape.at(-3) === groups) return matmul(input, transpose(weight));
    throw new ShapeError(
      `forward: the input does not fit: ${path} takes [..., ${groups}, seq, ${fanIn}], is given `
        + `${show(x.shape)}. Split it into groups before.`,
    );
  });
}

function sideBySide(
  name: string, shape: readonly [number, number, number], options: AtomOptions,
  map: (x: Tensor, weight: Tensor, path: string) => Tensor,
): Module {
  const { label } = options;
  const [, fanOut, fanIn] = shape;
  const own = weightOf(`${label ?? name}.weight`, shape, rmsToRms, options, overStack);
  return atom({
    name,
    label,
    weights: { weight: { ...own, acts: { kind: "matrix" } } },
    sharpness: BILINEAR,
    forward: (x, { weight }, path) => map(asTensor(x, path), weight as Tensor, path), // declared
    widths: (input, misfit) => {
      return input === undefined || input === fanIn ? fanOut : misfit(`width ${fanIn}`);
    },
  });
}
