// Random numbers for tests. Not the package's generator: a test of that one needs another.

/** A stream of random numbers fixed by its seed. */
export interface TestRng {
  /** The next number, uniform in [0, 1), with 53 random bits. */
  uniform(): number;
  /** The next number of the standard normal distribution. */
  normal(): number;
  /** The next integer, uniform in [0, n). */
  int(n: number): number;
  /** How many numbers were drawn: 0 for a test that used none. */
  readonly draws: number;
}

/**
 * Mixes a text into a 32-bit seed, so that every test has a stream of its own.
 *
 * @param seed any integer
 * @param text the test's name
 * @returns in [0, 2^32)
 * Source: FNV-1a, 32 bits (Fowler, Noll, Vo)
 */
export function mixSeed(seed: number, text: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}

// One round of the 32-bit finaliser of MurmurHash3: makes near seeds give far states.
function scramble(x: number): number {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

// Four words of state, the 128-bit generator of Marsaglia, "Xorshift RNGs" (2003), section 4.
function xorshift128(seed: number): () => number {
  let x = scramble(seed) | 1; // the state must not be all zeros
  let y = scramble(seed + 0x9e3779b9);
  let z = scramble(seed + 0x3c6ef372);
  let w = scramble(seed + 0xdaa66d2b);
  return () => {
    const t = x ^ (x << 11);
    x = y;
    y = z;
    z = w;
    w = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return w;
  };
}

/**
 * Opens a stream of random numbers.
 *
 * @param seed any integer; the same seed gives the same numbers on every host
 * @throws RangeError from `int(n)` if `n` is not an integer in [1, 2^32]
 * @example
 * const rng = testRng(123);
 * const side = 1 + rng.int(64);
 */
export function testRng(seed: number): TestRng {
  const word = xorshift128(seed);
  let draws = 0;
  const uniform = (): number => {
    draws++;
    return ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 2 ** 53;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    int: (n) => {
      if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
        throw new RangeError(`rng.int: n is not in [1, 2^32]: ${n}. Pass a positive integer.`);
      }
      return Math.floor(uniform() * n);
    },
    get draws() {
      return draws;
    },
  };
}
