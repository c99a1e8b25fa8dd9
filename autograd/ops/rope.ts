import trigText from "../../kernels/math/trig.wgsl" with { type: "text" };
import ropeText from "../../kernels/rope.wgsl" with { type: "text" };
import { type Device, ShapeError, type Tensor, checkDtype, f32Bits, runThreads, show,
  withContiguous } from "../../engine/index.ts";
import { apply, checkTensor } from "../define.ts";

/** Options of `rope`. */
export interface RopeOptions {
  /** Ratio of the slowest to the fastest wavelength. Default 10000. */
  readonly base?: number;
  /**
   * The form of the Modula reference: each pair is mirrored instead of turned. Scores of queries
   * and keys are those of the usual form with the angle negated. Default false.
   */
  readonly modula?: boolean;
}

/**
 * Rotary position embedding: the pair (j, j + half) of the last axis turned by the angle
 * position * base^(-j / half).
 *
 * @param x `[..., seq, 2 half]` f32; the position is the place along seq
 * @returns same shape, f32
 * @throws ShapeError if the last axis is odd or there is no seq axis; DtypeError
 * Source: Su et al. 2021, half-split form
 */
export function rope(x: Tensor, { base = 10000, modula = false }: RopeOptions = {}): Tensor {
  if (!(base > 0)) throw new RangeError(`rope: base is not positive: ${base}. Use 10000.`);
  const [seq, dim = 1] = checkTensor("rope", x).shape.slice(-2);
  if (x.shape.length < 2 || dim % 2 !== 0) {
    throw new ShapeError(
      `rope: the last axis does not fall into pairs: ${show(x.shape)}. Give [..., seq, 2 half].`,
    );
  }
  return turn(x, { seq: seq ?? 1, half: dim / 2, log2Base: Math.log2(base), modula, sign: 1 });
}

/** Rows that a thread turns by one angle: as many as leave threads enough to keep a device busy. */
function rowsEach(device: Device, angles: number, rows: number): number {
  const enough = device.info.software ? 256 : 65536;
  return Math.max(1, Math.min(16, Math.floor(rows * angles / enough)));
}

interface Turn {
  readonly seq: number;
  readonly half: number;
  readonly log2Base: number;
  readonly modula: boolean;
  readonly sign: 1 | -1;
}

function turn(x: Tensor, how: Turn): Tensor {
  const { seq, half, log2Base, modula, sign } = how;
  // A mirror is its own adjoint; a turn's is the turn back.
  const back: Turn = modula ? how : { ...how, sign: sign === 1 ? -1 : 1 };
  return apply({
    name: "rope",
    forward: (t) => withContiguous([checkTensor("rope", t)], (list) => {
      const [source] = list as [Tensor]; // one went in
      checkDtype("rope", source.dtype, ["f32"]);
      const out = source.device.empty("rope", source.shape, "f32");
      const kernel = { name: "rope", wgsl: `${trigText}${ropeText}` };
      const angles = seq * half;
      const rows = angles === 0 ? 0 : out.size / (2 * angles);
      const each = rowsEach(out.device, angles, rows);
      runThreads(kernel, list, out, angles * Math.ceil(rows / each), [
        seq, half, rows, each, source.layout.offset, Number(modula), f32Bits(sign),
        f32Bits(log2Base),
      ]);
      return out;
    }),
    vjp: (dy) => [() => turn(dy, back)],
    saves: "nothing",
  }, [x]);
}
