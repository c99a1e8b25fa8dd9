// Numbers as people read them.

/**
 * A number with a fixed count of significant digits and no needless exponent.
 *
 * @param x any number
 * @param digits significant digits, 1 to 21
 * @returns `0.02`, `1.503`, `12345`, `1.2e-7`, `NaN`
 */
export function formatNumber(x: number, digits = 4): string {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  if (size >= 1e-4 && size < 1e7) return String(Number(x.toPrecision(digits)));
  return x.toExponential(digits - 1).replace(/\.?0*e\+?/, "e");
}

/**
 * A large count in a few letters.
 *
 * @param x >= 0
 * @returns `8.4`, `512`, `12.3k`, `1.21M`
 */
export function formatCount(x: number): string {
  if (x < 1) return formatNumber(x, 2);
  const steps = [[1e9, "G"], [1e6, "M"], [1e3, "k"]] as const;
  for (const [size, letter] of steps) {
    if (x >= size * 0.9995) return `${formatNumber(x / size, 3)}${letter}`;
  }
  return formatNumber(x, 3);
}

/**
 * A time for people.
 *
 * @param seconds >= 0
 * @returns `4.2 s`, `38 s`, `2 min 05 s`, `1 h 12 min`
 */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (x: number): string => String(x).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
