// Causal attention in float64, with its gradient.

import { type Node64, node } from "./tape64.ts";

/** Causal attention of `qkv [batch, seq, 3 heads dim]` to `[batch, seq, heads dim]`. */
export function attention64(qkv: Node64, heads: number): Node64 {
  const [batch = 0, seq = 0, triple = 0] = qkv.shape;
  const [width, dim] = [triple / 3, triple / 3 / heads];
  const y = new Float64Array(batch * seq * width);
  const probabilities = new Float64Array(batch * heads * seq * seq);
  const places: Place[] = [];
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < seq; i++) {
        const p = probabilities.subarray(((b * heads + h) * seq + i) * seq).subarray(0, seq);
        const query = (b * seq + i) * triple + h * dim;
        const first = b * seq * triple + h * dim;
        places.push({ p, query, keys: first + width, values: first + 2 * width,
          out: (b * seq + i) * width + h * dim, seen: i + 1, dim, triple });
      }
    }
  }
  for (const place of places) attend(qkv.data, y, place);
  return node([batch, seq, width], y, [qkv], (dy) => {
    for (const place of places) attendBack(qkv, dy, place);
  });
}

/** One query of one head: its weights and where its numbers lie. */
interface Place {
  readonly p: Float64Array;
  readonly query: number;
  readonly keys: number;
  readonly values: number;
  readonly out: number;
  readonly seen: number;
  readonly dim: number;
  readonly triple: number;
}

function attend(x: Float64Array, y: Float64Array, place: Place): void {
  const { p, query, keys, values, out, seen, dim, triple } = place;
  let total = 0;
  for (let j = 0; j < seen; j++) {
    let score = 0;
    for (let d = 0; d < dim; d++) {
      score += (x[query + d] as number) * (x[keys + j * triple + d] as number);
    }
    total += p[j] = Math.exp(score / Math.sqrt(dim));
  }
  for (let j = 0; j < seen; j++) {
    (p[j] as number) /= total;
    for (let d = 0; d < dim; d++) {
      (y[out + d] as number) += (p[j] as number) * (x[values + j * triple + d] as number);
    }
  }
}

function attendBack({ data: x, grad }: Node64, dy: Float64Array, place: Place): void {
  const { p, query, keys, values, out, seen, dim, triple } = place;
  const dp = new Float64Array(seen);
  let along = 0;
  for (let j = 0; j < seen; j++) {
    for (let d = 0; d < dim; d++) {
      const up = dy[out + d] as number;
      (dp[j] as number) += up * (x[values + j * triple + d] as number);
      (grad[values + j * triple + d] as number) += up * (p[j] as number);
    }
    along += (dp[j] as number) * (p[j] as number);
  }
  for (let j = 0; j < seen; j++) {
    const ds = (p[j] as number) * ((dp[j] as number) - along) / Math.sqrt(dim);
    for (let d = 0; d < dim; d++) {
      (grad[query + d] as number) += ds * (x[keys + j * triple + d] as number);
      (grad[keys + j * triple + d] as number) += ds * (x[query + d] as number);
    }
  }
}
