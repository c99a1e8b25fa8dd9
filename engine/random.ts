import trigText from "../kernels/math/trig.wgsl" with { type: "text" };
import bitsBody from "../kernels/random/bits.wgsl" with { type: "text" };
import normalBody from "../kernels/random/normal.wgsl" with { type: "text" };
import philoxText from "../kernels/random/philox.wgsl" with { type: "text" };
import uniformBody from "../kernels/random/uniform.wgsl" with { type: "text" };
import type { CreateOptions } from "./create.ts";
import { checkDtype, isFloat } from "./dtype.ts";
import { currentDevice } from "./open_devices.ts";
import { elementwise } from "./elementwise.ts";
import { type HostState, refuseInStep } from "./capture.ts";
import { type Scalar, atReplay, live } from "./live.ts";
import { f32Bits } from "./recorder.ts";
import { type Shape, checkShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

type Words = readonly [number, number, number, number];
type Key = readonly [number, number];

/** What the kernels of random numbers start from: two words of the key, and two of the stream. */
export type StreamWords = readonly [Scalar, Scalar, Scalar, Scalar];

/**
 * Philox4x32-10: four random 32-bit words from a counter and a key.
 *
 * Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"
 */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const product0 = BigInt(0xd2511f53) * BigInt(c0);
    const product1 = BigInt(0xcd9e8d57) * BigInt(c2);
    c0 = (Number(product1 >> 32n) ^ c1 ^ k0) >>> 0;
    c2 = (Number(product0 >> 32n) ^ c3 ^ k1) >>> 0;
    c1 = Number(product1 & 0xffffffffn);
    c3 = Number(product0 & 0xffffffffn);
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Where a generator stands; saved and restored with a training run. */
export interface RngState {
  readonly key: readonly [number, number];
  /** Streams taken so far. */
  readonly stream: number;
  /** Words of the host stream taken so far. */
  readonly position: number;
}

/**
 * A counter-based generator of random numbers: the same seed gives the same random bits on every
 * host. Each tensor takes a stream of its own; `split` gives generators that never meet.
 */
export class Rng implements HostState {
  #key: Key = [0, 0];
  #stream = 0;
  #position = 0;
  #block: Words = [0, 0, 0, 0];

  /** @internal Use `rng(seed)`. One made in a compiled step starts afresh at every replay. */
  constructor(key: () => Key) {
    atReplay(this, () => this.#goTo({ key: key(), stream: 0, position: 0 }));
  }

  /** What must be saved to go on from here. */
  get state(): RngState {
    return { key: this.#key, stream: this.#stream, position: this.#position };
  }

  /** Goes on from a saved state. */
  set state(state: RngState) {
    refuseInStep("rng.state", "Set it before the step.");
    this.#touch();
    this.#goTo(state);
  }

  /** @internal Goes on from a state that is known when it is called. */
  rewind(state: () => RngState): void {
    this.#touch();
    atReplay(this, () => this.#goTo(state()));
  }

  /** @internal */
  mark(): () => void {
    const { state } = this;
    return () => this.#goTo(state);
  }

  #goTo({ key, stream, position }: RngState): void {
    this.#key = key;
    this.#stream = stream;
    this.#position = position;
    if (position % 4 !== 0) this.#refill();
  }

  /**
   * The words of a stream for one tensor; no other call gets the same. In a compiled step every
   * replay gets new ones.
   */
  take(): StreamWords {
    this.#touch();
    let words: Words = [0, 0, 0, 0];
    atReplay(this, () => {
      const stream = ++this.#stream;
      words = [...this.#key, stream >>> 0, Math.floor(stream / 2 ** 32)];
    });
    const word = (i: 0 | 1 | 2 | 3) => live(() => words[i]);
    return [word(0), word(1), word(2), word(3)];
  }

  /** A generator of its own for that name: independent of this one, and always the same. */
  split(name: string | number): Rng {
    let from = this.#key;
    let key = splitKey(from, name);
    return new Rng(() => {
      if (this.#key !== from) [from, key] = [this.#key, splitKey(this.#key, name)];
      return key;
    });
  }

  /** The next random number in [0, 1), computed on the host, with 32 random bits. */
  next(): number {
    return this.#word() / 2 ** 32;
  }

  /**
   * The next random whole number in [0, n), each equally likely.
   *
   * @throws RangeError unless n is a whole number from 1 to 2^32
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(`rng.int: not a whole number from 1 to 2^32: ${n}. Check the bound.`);
    }
    const limit = 2 ** 32 - (2 ** 32 % n); // words above it would favour small results
    for (;;) {
      const word = this.#word();
      if (word < limit) return word % n;
    }
  }

  /** Tells the open journals where this generator stood before they first saw it used. */
  #touch(): void {
    for (const journal of journals) {
      if (!journal.has(this)) atReplay(this, () => void journal.set(this, this.state));
    }
  }

  #word(): number {
    refuseInStep("rng", "Draw the number before the step, and pass it as a tensor.");
    this.#touch();
    if (this.#position % 4 === 0) this.#refill();
    return this.#block[this.#position++ % 4] as number; // an index below 4
  }

  #refill(): void {
    const block = Math.floor(this.#position / 4);
    this.#block = philox([block >>> 0, Math.floor(block / 2 ** 32), 0, 0], this.#key);
  }
}

/** Where generators stood before a function used them. */
export type RngJournal = ReadonlyMap<Rng, RngState>;

const journals: Map<Rng, RngState>[] = [];

/** Runs a function and notes which generators it used, so that `withRandom` can repeat it. */
export function noteRandom<R>(body: () => R): { readonly result: R; readonly journal: RngJournal } {
  const journal = new Map<Rng, RngState>();
  journals.push(journal);
  try {
    return { result: body(), journal };
  } finally {
    journals.splice(journals.lastIndexOf(journal), 1);
  }
}

/** Runs a function with generators where they stood; afterwards they stand where they were. */
export function withRandom<R>(journal: RngJournal, body: () => R): R {
  const before = new Map<Rng, RngState>();
  const from = (states: RngJournal, r: Rng) => states.get(r) as RngState; // put there before
  for (const r of journal.keys()) {
    atReplay(r, () => void before.set(r, r.state));
    r.rewind(() => from(journal, r));
  }
  try {
    return body();
  } finally {
    for (const r of journal.keys()) r.rewind(() => from(before, r));
  }
}

/**
 * A generator for that seed.
 *
 * @param seed a whole number from 0 to 2^53 - 1
 * @throws RangeError for any other
 */
export function rng(seed: number): Rng {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`rng: the seed is not a whole number from 0 to 2^53 - 1: ${seed}.`);
  }
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32)] as const;
  return new Rng(() => key);
}

function splitKey(key: Key, name: string | number): Key {
  let [a, b] = key;
  for (const char of String(name)) {
    const [x, y] = philox([char.codePointAt(0) ?? 0, 0, 0, 0xffffffff], [a, b]);
    [a, b] = [x, y];
  }
  return [a, b];
}

/** Checks that a value is a generator of random numbers. Throws TypeError. */
export function checkRng(op: string, from: Rng): void {
  if (from instanceof Rng) return;
  throw new TypeError(`${op}: not a random generator: ${typeof from}. Make one with rng(seed).`);
}

const BODIES = {
  bits: [philoxText, bitsBody],
  uniform: [philoxText, uniformBody],
  normal: [philoxText, trigText, normalBody],
} as const;

/** Bits of a uniform number: as many as its dtype has in all of [0, 1). */
const PLACES = { f32: 24, f16: 11, bf16: 8 } as const;

function draw(kind: keyof typeof BODIES, from: Rng, shape: Shape, options: CreateOptions): Tensor {
  const bits = kind === "bits";
  const { device = currentDevice(), dtype: out = bits ? "u32" : "f32" } = options;
  const op = bits ? "randomBits" : kind;
  checkRng(op, from);
  checkShape(op, shape);
  checkDtype(op, out, bits ? ["u32"] : ["f32"]);
  const words = from.take();
  const body = { name: `random_${kind}`, wgsl: BODIES[kind].join("\n"), indexed: true };
  const places = kind === "uniform" && isFloat(out) ? PLACES[out] : 0;
  const operands = places > 0 ? [...words, 32 - places, f32Bits(2 ** -places)] : words;
  return elementwise(device, { body, operands, type: "u32", out }, shape);
}

/** Random words, `shape` u32: the same on every host for the same generator state. */
export function randomBits(from: Rng, shape: Shape, options: CreateOptions = {}): Tensor {
  return draw("bits", from, shape, options);
}

/**
 * Uniform numbers in [0, 1), `shape` f32 in steps of 2^-24, f16 of 2^-11 or bf16 of 2^-8: the same
 * on every host.
 */
export function uniform(from: Rng, shape: Shape, options: CreateOptions = {}): Tensor {
  return draw("uniform", from, shape, options);
}

/** Standard normal numbers, `shape`, a float dtype: the same on every host up to rounding. */
export function normal(from: Rng, shape: Shape, options: CreateOptions = {}): Tensor {
  return draw("normal", from, shape, options);
}
