// From numbers to pixels, with round numbers at the marks of the axis.

/** A mark of an axis. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** An axis: where a number is, and which numbers are marked. */
export interface Scale {
  readonly kind: "linear" | "log";
  /** Smallest and largest number of the axis. */
  readonly domain: readonly [number, number];
  readonly ticks: readonly Tick[];
  /** The number's place in pixels; numbers outside the axis are put at its ends. */
  place(value: number): number;
}

/** How to lay out an axis. */
export interface ScaleOptions {
  /** Pixels of the smallest and the largest number. */
  readonly range: readonly [number, number];
  /** About how many marks; default 5. */
  readonly count?: number;
  /** Whether the axis goes on to the next mark at both ends; default true. */
  readonly whole?: boolean;
  /** Least distance of marks on a linear axis; 1 for counts. */
  readonly minStep?: number;
}

// The smallest of 1, 2, 5 times a power of ten that is not below x.
function niceStep(x: number): number {
  const power = 10 ** Math.floor(Math.log10(x));
  const factor = [1, 2, 5, 10].find((f) => f * power >= x * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** @param extent smallest and largest number; equal ones get room around them */
export function linearScale(extent: readonly [number, number], options: ScaleOptions): Scale {
  const { range, count = 5, whole = true, minStep = 0 } = options;
  let [low, high] = extent;
  const room = low === high ? (Math.abs(low) || 1) / 2 : 0;
  [low, high] = [low - room, high + room];
  const step = Math.max(minStep, niceStep((high - low) / count));
  if (whole) [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks: Tick[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    ticks.push({ value: i * step, text: (i * step).toFixed(Math.min(decimals, 20)) });
  }
  return makeScale("linear", [low, high], ticks, range);
}

/** @param extent smallest and largest number, both > 0 */
export function logScale(extent: readonly [number, number], options: ScaleOptions): Scale {
  const { range, count = 5, whole = true } = options;
  const decades = Math.log10(extent[1] / extent[0]);
  // With few decades also 2 and 5 are marked, with very many not even each power of ten.
  const factors = decades < count * 0.45 ? [1, 2, 5] : decades < count * 0.9 ? [1, 3] : [1];
  const skip = Math.max(1, Math.ceil(decades / (count * 1.6)));
  const all: number[] = [];
  const [first, last] = [Math.log10(extent[0]), Math.log10(extent[1])];
  for (let power = Math.floor(first) - 1; power <= Math.ceil(last) + 1; power++) {
    if (power % skip === 0) for (const f of factors) all.push(Number(`${f}e${power}`));
  }
  const low = whole ? all.findLast((x) => x <= extent[0] * (1 + 1e-9)) : extent[0];
  const high = whole ? all.find((x) => x >= extent[1] * (1 - 1e-9)) : extent[1];
  const domain = [low ?? extent[0], high ?? extent[1]] as const;
  const ticks = all.filter((x) => x >= domain[0] && x <= domain[1]);
  const marks = ticks.map((value) => ({ value, text: shortText(value) }));
  return makeScale("log", domain, marks, range);
}

/** A round number; very large and small ones with an exponent. */
export function shortText(x: number): string {
  return x >= 1e-4 && x < 1e7 ? String(x) : x.toExponential().replace("+", "");
}

function makeScale(
  kind: Scale["kind"],
  domain: readonly [number, number],
  ticks: readonly Tick[],
  [from, to]: readonly [number, number],
): Scale {
  const measure = kind === "log" ? Math.log : (x: number): number => x;
  const [low, high] = [measure(domain[0]), measure(domain[1])];
  const place = (value: number): number => {
    const inside = Math.min(Math.max(value, domain[0]), domain[1]);
    return from + ((measure(inside) - low) / (high - low || 1)) * (to - from);
  };
  return { kind, domain, ticks, place };
}

/**
 * A scale that fits the numbers: logarithmic if they are positive and far apart.
 *
 * @param extent smallest and largest number
 * @param ratio largest over smallest from which on it is logarithmic
 */
export function fittingScale(
  extent: readonly [number, number],
  { ratio = 8, ...options }: ScaleOptions & { readonly ratio?: number },
): Scale {
  const isLog = extent[0] > 0 && extent[1] / extent[0] >= ratio;
  return isLog ? logScale(extent, options) : linearScale(extent, options);
}
