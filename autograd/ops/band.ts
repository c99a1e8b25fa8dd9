import bandText from "../../kernels/band.wgsl" with { type: "text" };
import { type Tensor, checkDtype, runThreads, sizeOf, tensor, withContiguous } from
  "../../engine/index.ts";
import { apply, checkTensor } from "../define.ts";

/** A row of a band matrix: zeros but for a run of weights. */
export interface BandRow {
  readonly first: number;
  readonly weights: readonly number[];
}

/** A matrix that maps one axis to another; first places and ends of its rows do not fall. */
export type Band = readonly BandRow[];

/**
 * A band matrix applied along one axis: `y[.., j, ..] = sum of band[j, i] x[.., i, ..]`. Elements
 * outside the band are not looked at, even if they are NaN.
 *
 * @param x f32, of as many elements along `axis` as the band has columns
 * @throws DtypeError
 */
export function bandProduct(op: string, x: Tensor, band: Band, axis: number): Tensor {
  const columns = x.shape[axis] ?? 1;
  return apply({
    name: op,
    forward: (t) => withContiguous([checkTensor(op, t)], (list) => {
      const [source] = list as [Tensor]; // one went in
      checkDtype(op, source.dtype, ["f32"]);
      const { device, shape } = source;
      const out = device.empty(op, shape.map((d, i) => (i === axis ? band.length : d)), "f32");
      const stride = 2 + band.reduce((most, { weights }) => Math.max(most, weights.length), 0);
      const table = tensor(band.flatMap(({ first, weights }) => {
        return [first, weights.length, ...weights,
          ...Array<number>(stride - 2 - weights.length).fill(0)];
      }), { device });
      const inner = sizeOf(shape.slice(axis + 1));
      const words = [columns, band.length, inner, stride, source.layout.offset];
      runThreads({ name: "band", wgsl: bandText }, [source, table], out, out.size, words);
      table.dispose();
      return out;
    }),
    vjp: (dy) => [() => bandProduct(op, dy, transposeBand(band, columns), axis)],
    saves: "nothing",
  }, [x]);
}

/** @param columns of the band: the rows of its transpose */
function transposeBand(band: Band, columns: number): Band {
  const rows = Array.from({ length: columns }, () => ({ first: 0, weights: [] as number[] }));
  band.forEach(({ first, weights }, j) => {
    weights.forEach((weight, t) => {
      const row = rows[first + t];
      if (!row) return;
      if (row.weights.length === 0) row.first = j;
      while (row.first + row.weights.length < j) row.weights.push(0); // a gap between two rows
      row.weights.push(weight);
    });
  });
  return rows;
}
