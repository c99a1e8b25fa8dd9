// Matrices of any size whose singular values are known, so that an odd function of all singular
// values is known too, in float64 and without a decomposition.

/** Shape and singular values of a stack of matrices. */
export interface Spectrum {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  /** Singular value `i` of matrix `matrix`. */
  readonly value: (matrix: number, i: number) => number;
}

/**
 * Matrices `U diag(values) V^T` with dense orthogonal U and V, the same at every call for the same
 * sizes: only the values differ.
 *
 * @returns `[batch, rows, columns]`, row-major
 */
export function rotated({ batch, rows, columns, value }: Spectrum): Float64Array {
  const data = new Float64Array(batch * rows * columns);
  for (let matrix = 0; matrix < batch; matrix++) {
    const x = data.subarray(matrix * rows * columns, (matrix + 1) * rows * columns);
    for (let i = 0; i < Math.min(rows, columns); i++) x[i * columns + i] = value(matrix, i);
    const [down, across] = [{ count: rows, step: columns }, { count: columns, step: 1 }];
    mix(x, down, across, 0.8);
    mix(x, across, down, 0.6);
  }
  return data;
}

/** One axis of a matrix in a flat array. */
interface Axis {
  readonly count: number;
  readonly step: number;
}

/**
 * Rotates lines across `axis` in pairs: neighbours, then neighbours of neighbours and so on, until
 * each line has a part of every other. Each rotation is orthogonal, so all together are.
 *
 * @param angle about which the angles vary; one for each axis, or square matrices are symmetric
 */
function mix(x: Float64Array, axis: Axis, along: Axis, angle: number): void {
  for (let reach = 1; reach < axis.count; reach *= 2) {
    for (let i = 0; i + reach < axis.count; i++) {
      if (Math.floor(i / reach) % 2 === 1) continue;
      const turn = angle + 0.3 * Math.sin(1.7 * i + reach); // no two alike
      rotate(x, { from: i * axis.step, to: (i + reach) * axis.step, along, angle: turn });
    }
  }
}

function rotate(
  x: Float64Array,
  { from, to, along, angle }: { from: number; to: number; along: Axis; angle: number },
): void {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  for (let k = 0; k < along.count * along.step; k += along.step) {
    const [a, b] = [x[from + k] ?? NaN, x[to + k] ?? NaN];
    x[from + k] = cos * a - sin * b;
    x[to + k] = sin * a + cos * b;
  }
}
