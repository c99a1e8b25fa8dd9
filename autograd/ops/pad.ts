import { ShapeError, type Tensor, scope, show } from "../../engine/index.ts";
import { checkTensor } from "../define.ts";
import { fillPart } from "./layouts.ts";
import { type Range, concat, slice, sliceLayout } from "./parts.ts";
import { flip } from "./rearrange.ts";
import { expand } from "./views.ts";

/** Options of `pad`. */
export interface PadOptions {
  /**
   * What the border holds: `constant`; `reflect`: the elements in reverse without the outermost;
   * `replicate`: the outermost; `circular`: the elements from the other end. Default `constant`.
   */
  readonly mode?: "constant" | "reflect" | "replicate" | "circular";
  /** Of a constant border. Default 0. */
  readonly value?: number;
}

type Widths = readonly (readonly [number, number])[];

/**
 * A tensor with a border.
 *
 * @param widths elements before and after, for each axis from the first on; negative ones cut
 * @throws ShapeError for more pairs than axes, for cuts of more than there is, or for a border
 *   wider than the elements it comes from; RangeError for an unknown mode
 */
export function pad(
  x: Tensor, widths: Widths, { mode = "constant", value = 0 }: PadOptions = {},
): Tensor {
  const { shape } = checkTensor("pad", x);
  checkWidths(x, widths);
  return scope(() => {
    const cut = widths.flat().some((w) => w < 0);
    const inner = cut ? slice(x, widths.map(([before, after], i): Range => {
      return [Math.max(0, -before), (shape[i] ?? 0) - Math.max(0, -after)];
    })) : x;
    const wide = widths.map(([before, after]) => {
      return [Math.max(0, before), Math.max(0, after)] as const;
    });
    if (mode === "constant") return bordered(inner, wide, value);
    if (!["reflect", "replicate", "circular"].includes(mode)) {
      throw new RangeError(
        `pad: unknown mode: ${String(mode)}. Use "constant", "reflect", "replicate" or "circular".`,
      );
    }
    return wide.reduce((y, pair, axis) => extended(y, axis, pair, mode), inner);
  });
}

function checkWidths(x: Tensor, widths: Widths): void {
  const { shape } = x;
  const fit = Array.isArray(widths) && (widths as Widths).every((pair, i) => {
    if (!Array.isArray(pair)) return false;
    const left = (pair as Widths[number]).reduce((size, w) => size + Math.min(0, w), shape[i] ?? 0);
    return pair.length === 2 && pair.every(Number.isInteger) && left >= 0;
  });
  if (fit && widths.length <= shape.length) return;
  throw new ShapeError(
    `pad: not a pair of whole widths for each axis: ${JSON.stringify(widths)} for ${show(shape)}.`
      + ` Cut no more than there is.`,
  );
}

function bordered(x: Tensor, widths: Widths, value: number): Tensor {
  const { shape } = x;
  const inside = shape.map((d, i): Range => [widths[i]?.[0] ?? 0, (widths[i]?.[0] ?? 0) + d]);
  const outer = shape.map((d, i) => d + (widths[i]?.[0] ?? 0) + (widths[i]?.[1] ?? 0));
  return fillPart("pad", x, outer, (whole) => sliceLayout(whole, inside), value);
}

/** One axis with a border taken from its own elements. */
function extended(
  x: Tensor, axis: number, [before, after]: readonly [number, number], mode: string,
): Tensor {
  if (before === 0 && after === 0) return x;
  const size = x.shape[axis] ?? 0;
  const most = mode === "replicate" ? (size > 0 ? Infinity : 0)
    : mode === "reflect" ? size - 1 : size;
  if (Math.max(before, after) > most) {
    throw new ShapeError(
      `pad: a ${mode} border wider than what it comes from: ${Math.max(before, after)} on axis `
        + `${axis} of ${show(x.shape)} (limit ${most}). Make it narrower.`,
    );
  }
  const cut = (start: number, end: number) => {
    return slice(x, [...Array<null>(axis).fill(null), [start, end]]);
  };
  const line = (start: number, times: number) => {
    return expand(cut(start, start + 1), x.shape.map((d, i) => (i === axis ? times : d)));
  };
  const borders = () => {
    if (mode === "replicate") return [line(0, before), line(size - 1, after)];
    if (mode === "circular") return [cut(size - before, size), cut(0, after)];
    const ends = [cut(1, before + 1), cut(size - 1 - after, size - 1)];
    return ends.map((end) => flip(end, { axes: axis }));
  };
  const [head, tail] = borders() as [Tensor, Tensor];
  return concat([head, x, tail], { axis });
}
