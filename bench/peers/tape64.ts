// Networks in float64 with their gradients, to check training by: a value and the way back.

/** A value, its gradient once the way back was walked, and the step of that way. */
export interface Node64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  readonly grad: Float64Array;
  readonly back: () => void;
  readonly from: readonly Node64[];
}

/** A value to start from. */
export function leaf64(shape: readonly number[], data: ArrayLike<number>): Node64 {
  return node(shape, Float64Array.from(data), [], () => undefined);
}

/** A value made from others; `back` adds its gradient to theirs. */
export function node(
  shape: readonly number[], data: Float64Array, from: readonly Node64[],
  back: (grad: Float64Array) => void,
): Node64 {
  const grad = new Float64Array(data.length);
  return { shape, data, grad, from, back: () => back(grad) };
}

/** Adds the gradients of a scalar to those of all that it was made from. */
export function backward64(loss: Node64): void {
  const order: Node64[] = [];
  const seen = new Set<Node64>();
  const visit = (at: Node64): void => {
    if (seen.has(at)) return;
    seen.add(at);
    at.from.forEach(visit);
    order.push(at);
  };
  visit(loss);
  loss.grad.fill(1);
  for (const at of order.reverse()) at.back();
}

/** Sides of a product of matrices `[m, k] x [k, n]`. */
interface Sides {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/**
 * Adds `a b` to `c`, row-major. The inner loop runs along rows of `b` and `c`, four of `b` at once;
 * indices are inside by the sides.
 */
export function addProduct64(
  c: Float64Array, a: Float64Array, b: Float64Array, { m, k, n }: Sides,
): void {
  const whole = k - k % 4;
  for (let i = 0; i < m; i++) {
    const [to, from] = [i * n, i * k];
    for (let p = 0; p < whole; p += 4) {
      const [a0, a1] = [a[from + p] as number, a[from + p + 1] as number];
      const [a2, a3] = [a[from + p + 2] as number, a[from + p + 3] as number];
      let at = p * n;
      for (let j = to; j < to + n; j++, at++) {
        (c[j] as number) += a0 * (b[at] as number) + a1 * (b[at + n] as number)
          + a2 * (b[at + 2 * n] as number) + a3 * (b[at + 3 * n] as number);
      }
    }
    for (let p = whole; p < k; p++) {
      const factor = a[from + p] as number;
      for (let j = 0; j < n; j++) (c[to + j] as number) += factor * (b[p * n + j] as number);
    }
  }
}

/** The transpose of a matrix `[rows, columns]`. */
export function transposed64(x: Float64Array, rows: number, columns: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j] as number; // inside
  }
  return y;
}

/** `x [..., k] w [k, n] + bias [n]`, the bias if there is one. */
export function linear64(x: Node64, w: Node64, bias?: Node64): Node64 {
  const [k = 0, n = 0] = w.shape;
  const m = x.data.length / k;
  const y = new Float64Array(m * n);
  if (bias) for (let i = 0; i < m; i++) y.set(bias.data, i * n);
  addProduct64(y, x.data, w.data, { m, k, n });
  const from = bias ? [x, w, bias] : [x, w];
  return node([...x.shape.slice(0, -1), n], y, from, (dy) => {
    addProduct64(x.grad, dy, transposed64(w.data, k, n), { m, k: n, n: k });
    addProduct64(w.grad, transposed64(x.data, m, k), dy, { m: k, k: m, n });
    if (bias) dy.forEach((d, i) => void ((bias.grad[i % n] as number) += d));
  });
}

/** A function of each element, with its derivative. */
export function map64(
  x: Node64, f: (value: number) => number, derivative: (value: number) => number,
): Node64 {
  return node(x.shape, x.data.map(f), [x], (dy) => {
    dy.forEach((d, i) => void ((x.grad[i] as number) += d * derivative(x.data[i] as number)));
  });
}

/** The sum of two of one shape, or of one and a second that is repeated along the first axes. */
export function add64(a: Node64, b: Node64): Node64 {
  const size = b.data.length;
  const y = a.data.map((value, i) => value + (b.data[i % size] as number));
  return node(a.shape, y, [a, b], (dy) => {
    dy.forEach((d, i) => {
      (a.grad[i] as number) += d;
      (b.grad[i % size] as number) += d;
    });
  });
}

/** Rows of a table. */
export function rows64(table: Node64, ids: ArrayLike<number>, shape: readonly number[]): Node64 {
  const width = table.shape[1] ?? 0;
  const y = new Float64Array(ids.length * width);
  Array.from(ids, (id, i) => y.set(table.data.subarray(id * width, (id + 1) * width), i * width));
  return node([...shape, width], y, [table], (dy) => {
    dy.forEach((d, i) => {
      const id = ids[Math.floor(i / width)] as number; // one for each row
      (table.grad[id * width + i % width] as number) += d;
    });
  });
}

/** Rows of mean 0 and variance 1, times a gain, plus an offset. */
export function layerNorm64(x: Node64, gain: Node64, offset: Node64, eps = 1e-5): Node64 {
  const n = gain.data.length;
  const unit = new Float64Array(x.data.length);
  const factors = new Float64Array(x.data.length / n);
  factors.forEach((_, row) => {
    const line = x.data.subarray(row * n, (row + 1) * n);
    const mean = line.reduce((sum, v) => sum + v, 0) / n;
    const variance = line.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n;
    const factor = factors[row] = 1 / Math.sqrt(variance + eps);
    unit.set(line.map((v) => (v - mean) * factor), row * n);
  });
  const y = unit.map((u, i) => u * (gain.data[i % n] as number) + (offset.data[i % n] as number));
  return node(x.shape, y, [x, gain, offset], (dy) => {
    factors.forEach((factor, row) => {
      const u = unit.subarray(row * n, (row + 1) * n);
      const d = dy.subarray(row * n, (row + 1) * n);
      const du = d.map((value, i) => value * (gain.data[i] as number));
      const mean = du.reduce((sum, v) => sum + v, 0) / n;
      const along = du.reduce((sum, v, i) => sum + v * (u[i] as number), 0) / n;
      for (let i = 0; i < n; i++) {
        (gain.grad[i] as number) += (d[i] as number) * (u[i] as number);
        (offset.grad[i] as number) += d[i] as number;
        (x.grad[row * n + i] as number) += factor * ((du[i] as number) - mean
          - (u[i] as number) * along);
      }
    });
  });
}

/** Mean negative log-likelihood of labels under logits `[..., classes]`. */
export function crossEntropy64(logits: Node64, targets: ArrayLike<number>): Node64 {
  const classes = logits.shape.at(-1) ?? 0;
  const rows = targets.length;
  const p = new Float64Array(logits.data.length);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const line = logits.data.subarray(row * classes, (row + 1) * classes);
    const total = line.reduce((sum, v) => sum + Math.exp(v), 0);
    p.set(line.map((v) => Math.exp(v) / total), row * classes);
    loss -= Math.log(p[row * classes + (targets[row] as number)] as number) / rows;
  }
  return node([], Float64Array.of(loss), [logits], ([d = 0]) => {
    p.forEach((value, i) => {
      const hit = i % classes === targets[Math.floor(i / classes)] ? 1 : 0;
      (logits.grad[i] as number) += d * (value - hit) / rows;
    });
  });
}

/** Mean squared difference from constants. */
export function meanSquare64(x: Node64, targets: ArrayLike<number>): Node64 {
  const n = x.data.length;
  const off = x.data.map((value, i) => value - (targets[i] as number));
  const loss = off.reduce((sum, d) => sum + d * d, 0) / n;
  return node([], Float64Array.of(loss), [x], ([d = 0]) => {
    off.forEach((value, i) => void ((x.grad[i] as number) += d * 2 * value / n));
  });
}
