import foldText from "../../kernels/fold.wgsl" with { type: "text" };
import { type Layout, ShapeError, type Tensor, checkDtype, runThreads, show, sizeOf,
  withContiguous } from "../../engine/index.ts";
import { apply, applyView, checkOptions, checkTensor, composed } from "../define.ts";
import { pad } from "./pad.ts";
import { slice } from "./parts.ts";
import { permute, reshape } from "./views.ts";
import { type PaddedAxis, type PerAxis, type WindowOptions, checkAxes, perAxis, windowAxes } from
  "./window.ts";

/** Options of `unfold` and `fold`. */
export interface UnfoldOptions extends WindowOptions {
  /** Elements of a window: a number, or one for each axis. */
  readonly kernel: PerAxis;
}

const IMAGE = ["batch", "channels", "height", "width"];

/**
 * The windows of images as columns (im2col).
 *
 * @param x `[batch, channels, height, width]` f32
 * @returns `[batch, channels kernelHeight kernelWidth, places]`
 * @throws ShapeError if a window is larger than the padded input; RangeError for options that are
 *   not whole numbers; DtypeError
 */
export function unfold(x: Tensor, options: UnfoldOptions): Tensor {
  return composed("unfold", () => {
    const op = "unfold";
    checkOptions(op, options, "kernel");
    const [batch = 0, channels = 0, ...sizes] = checkAxes(op, "x", x, IMAGE);
    checkDtype(op, x.dtype, ["f32"]);
    const axes = windowAxes(op, sizes, perAxis(op, "kernel", options.kernel, 2, 1), options);
    const padded = pad(x, [[0, 0], [0, 0], ...axes.map((a) => [a.before, a.after] as const)]);
    const [high, wide] = axes as [PaddedAxis, PaddedAxis]; // an image has two
    return reshape(windows(op, padded, high, wide), [
      batch, channels * high.taps * wide.taps, high.out * wide.out,
    ]);
  });
}

/**
 * Columns added up to images, each window at its place: the adjoint of `unfold`.
 *
 * @param x `[batch, channels kernelHeight kernelWidth, places]` f32
 * @param options.size of the images: a number, or height and width
 * @returns `[batch, channels, height, width]`
 * @throws ShapeError if the columns are not those of such images; otherwise as `unfold`
 */
export function fold(x: Tensor, options: UnfoldOptions & { readonly size: PerAxis }): Tensor {
  return composed("fold", () => {
    const op = "fold";
    checkOptions(op, options, "kernel");
    const form = ["batch", "elements", "places"];
    const [batch = 0, elements = 0, places] = checkAxes(op, "x", x, form);
    checkDtype(op, x.dtype, ["f32"]);
    const sizes = perAxis(op, "size", options.size, 2, 0);
    const axes = windowAxes(op, sizes, perAxis(op, "kernel", options.kernel, 2, 1), options);
    const [high, wide] = axes as [PaddedAxis, PaddedAxis]; // an image has two
    const channels = elements / (high.taps * wide.taps);
    if (!Number.isInteger(channels) || places !== high.out * wide.out) {
      throw new ShapeError(
        `${op}: not the windows of such images: ${show(x.shape)} for ${show(sizes)} (windows of `
          + `${high.taps * wide.taps} at ${high.out * wide.out} places). Check size and kernel.`,
      );
    }
    const columns = reshape(x, [batch, channels, high.taps, wide.taps, high.out, wide.out]);
    return slice(folded(op, columns, high, wide), [
      null, null, ...axes.map((a) => [a.before, a.before + a.size] as const),
    ]);
  });
}

/** The windows of padded images as a view `[batch, channels, taps, taps, places, places]`. */
function windows(op: string, x: Tensor, high: PaddedAxis, wide: PaddedAxis): Tensor {
  const { shape, strides, offset } = x.layout;
  const [batch = 0, channels = 0] = shape;
  const [perImage = 0, perChannel = 0, down = 0, right = 0] = strides;
  const layout: Layout = {
    offset,
    shape: [batch, channels, high.taps, wide.taps, high.out, wide.out],
    strides: [perImage, perChannel, down * high.dilation, right * wide.dilation,
      down * high.stride, right * wide.stride],
  };
  return applyView(op, x, layout, (dy) => folded(op, dy, high, wide));
}

/** The adjoint of `windows`. */
function folded(op: string, x: Tensor, high: PaddedAxis, wide: PaddedAxis): Tensor {
  const [tall, broad] = [high, wide].map((a) => a.before + a.size + a.after);
  return apply({
    name: op,
    forward: (t) => withContiguous([checkTensor(op, t)], (list) => {
      const [source] = list as [Tensor]; // one went in
      const [batch = 0, channels = 0] = source.shape;
      const out = source.device.empty(op, [batch, channels, tall ?? 0, broad ?? 0], "f32");
      const words = (a: PaddedAxis, size: number | undefined) =>
        [size ?? 0, a.out, a.taps, a.stride, a.dilation, 0, 0, 0];
      runThreads({ name: "fold", wgsl: foldText }, list, out, sizeOf(out.shape), [
        source.layout.offset, 0, 0, ...words(high, tall), ...words(wide, broad),
      ]);
      return out;
    }),
    vjp: (dy) => [() => windows(op, dy, high, wide)],
    saves: "nothing",
  }, [x]);
}

/**
 * Channels moved into places: `[batch, channels factor^2, height, width]` becomes
 * `[batch, channels, height factor, width factor]`.
 *
 * @param factor places an element becomes along each axis
 * @throws ShapeError if the channels do not fall into so many; RangeError for a factor below 1
 */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  return composed("pixelShuffle", () => {
    const op = "pixelShuffle";
    const [batch = 0, elements = 0, height = 0, width = 0] = checkAxes(op, "x", x, IMAGE);
    perAxis(op, "factor", factor, 1, 1);
    const channels = elements / factor ** 2;
    if (!Number.isInteger(channels)) {
      throw new ShapeError(
        `${op}: the channels do not fall into squares: ${show(x.shape)} by ${factor}. `
          + `Give a multiple of ${factor ** 2}.`,
      );
    }
    const parts = reshape(x, [batch, channels, factor, factor, height, width]);
    return reshape(permute(parts, [0, 1, 4, 2, 5, 3]), [
      batch, channels, height * factor, width * factor,
    ]);
  });
}

/** Places moved into channels: the inverse of `pixelShuffle`, with the same errors for places. */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  return composed("pixelUnshuffle", () => {
    const op = "pixelUnshuffle";
    const [batch = 0, channels = 0, ...sizes] = checkAxes(op, "x", x, IMAGE);
    perAxis(op, "factor", factor, 1, 1);
    const [height = 0, width = 0] = sizes.map((d) => d / factor);
    if (!Number.isInteger(height) || !Number.isInteger(width)) {
      throw new ShapeError(
        `${op}: the places do not fall into squares: ${show(x.shape)} by ${factor}. `
          + `Give multiples of ${factor}.`,
      );
    }
    const parts = reshape(x, [batch, channels, height, factor, width, factor]);
    return reshape(permute(parts, [0, 1, 3, 5, 2, 4]), [
      batch, channels * factor ** 2, height, width,
    ]);
  });
}
