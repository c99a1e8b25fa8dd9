// What is said of a list of times.

/** Times of one case in few numbers. */
export interface Summary {
  readonly median: number;
  /** Nine tenths of the samples are at most this. */
  readonly p90: number;
  /** From the first to the ninth tenth, as a share of the median. */
  readonly spread: number;
}

/**
 * The value that a share of the samples stays below, interpolated between neighbours.
 *
 * @param sorted rising, not empty
 * @param share in [0, 1]; 0.5 for the median
 * @returns NaN for no samples
 * Source: Hyndman & Fan 1996, "Sample quantiles in statistical packages", definition 7
 */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? NaN;
  const high = sorted[Math.ceil(place)] ?? NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/**
 * Sums up samples.
 *
 * @param samples in any order, not empty
 */
export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const [p10, median, p90] = [0.1, 0.5, 0.9].map((share) => quantile(sorted, share));
  const [low = NaN, middle = NaN, high = NaN] = [p10, median, p90];
  return { median: middle, p90: high, spread: (high - low) / middle };
}

/** The middle of samples in any order; NaN for none. */
export function median(samples: readonly number[]): number {
  return quantile([...samples].sort((a, b) => a - b), 0.5);
}
