import { host } from "#gpu";
import type { Device } from "./device.ts";
import type { DeviceInfo } from "./device_info.ts";
import { type Choice, candidates, use } from "./matmul/choose.ts";
import { type Problem, type Traits, turned } from "./matmul/problem.ts";
import { type Variant, nameOf, refusal } from "./matmul/variant.ts";
import { type Meter, meterOf } from "./tune_meter.ts";
import { VERSION } from "./version.ts";

/** Where measured choices are kept between runs. */
export interface TuneStore {
  /** What `save` was given last; undefined if there was nothing. */
  load(): Promise<string | undefined>;
  save(text: string): Promise<void>;
}

/** How kernels are timed. */
export interface TuneOptions {
  /** Keeps what was found, for each adapter and version of the package. Default: nowhere. */
  readonly store?: TuneStore;
  /** Milliseconds that all timing may take, compilation included. Default 5000. */
  readonly limit?: number;
}

/** Names of the fastest kernels by `keyOf`. */
type Winners = Record<string, string>;

/** What is kept, as JSON. */
interface Kept {
  readonly version: string;
  readonly adapters: Record<string, Winners>;
}

/** How often kernels are timed in turn: all of them, and those that were not left far behind. */
const [TRIALS, ROUNDS] = [4, 16];
/** How many times as long as the fastest a kernel may take to stay in the race. */
const BEHIND = 1.3;
/** Share of the rule's time that another kernel must save to take its place. */
const MARGIN = 0.03;

/** Times kernels on a device in the background and remembers the fastest. */
export class Tuner {
  readonly #options: Required<Pick<TuneOptions, "limit">> & TuneOptions;
  readonly #meterOf: typeof meterOf;
  readonly #kept: Kept;
  readonly #winners: Winners;
  readonly #variants = new Map<string, Variant>();
  readonly #seen = new Set<string>();
  readonly #notes = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();
  #spent = 0;
  #stopped = false;

  /** @internal Use `openTuner`. */
  constructor(options: TuneOptions, kept: Kept, adapter: string, meter = meterOf) {
    this.#options = { limit: 5000, ...options };
    this.#meterOf = meter;
    this.#kept = kept;
    this.#winners = kept.adapters[adapter] ??= {};
  }

  /** The fastest kernel; undefined as long as that is not known, while it is being found out. */
  choice(device: Device, problem: Problem): Choice | undefined {
    const key = keyOf(problem);
    const { traits } = device.matmuls;
    const variant = this.#variant(key, problem, traits);
    if (variant) {
      const choice = use(variant, problem, traits, "the fastest when measured");
      const seen = choice.turned ? turned(problem) : problem;
      if (refusal(variant, seen, traits) === "") return choice;
    } else if (!this.#seen.has(key) && !this.#stopped) {
      this.#seen.add(key);
      this.#work = this.#work.then(() => this.#measure(device, key, problem));
    }
    return undefined;
  }

  /** The kernel that has won; undefined also if it is none of today's. */
  #variant(key: string, problem: Problem, traits: Traits): Variant | undefined {
    const known = this.#variants.get(key);
    const name = this.#winners[key];
    if (known || name === undefined) return known;
    const variant = candidates(problem, traits).find((c) => nameOf(c.variant) === name)?.variant;
    if (variant) this.#variants.set(key, variant);
    return variant;
  }

  /** What went wrong when a product was to be measured; "" if nothing did. */
  note(problem: Problem): string {
    return this.#notes.get(keyOf(problem)) ?? "";
  }

  /** Waits until all that was asked for so far is measured and kept. */
  async settled(): Promise<void> {
    for (let last; last !== this.#work;) await (last = this.#work);
  }

  /** Measures no more. */
  stop(): void {
    this.#stopped = true;
  }

  async #measure(device: Device, key: string, problem: Problem): Promise<void> {
    const start = performance.now();
    if (this.#stopped || this.#spent >= this.#options.limit) return;
    let meter: Meter | undefined;
    try {
      meter = await this.#meterOf(device, problem);
      const until = start + this.#options.limit - this.#spent;
      const fastest = await race(meter, candidates(problem, device.matmuls.traits), () => {
        return this.#stopped || performance.now() >= until;
      });
      if (!fastest) return;
      this.#winners[key] = nameOf(fastest.variant);
      await this.#options.store?.save(JSON.stringify(this.#kept));
    } catch (error) {
      // A product that cannot be measured keeps the kernel of the rule; explain() says so.
      this.#notes.set(key, error instanceof Error ? error.message : String(error));
    } finally {
      meter?.close();
      this.#spent += performance.now() - start;
    }
  }
}

/**
 * The fastest of some choices, of which the first is taken unless another one is clearly faster.
 *
 * @returns undefined if it was ended before each had a turn
 */
export async function race(
  meter: Meter, choices: readonly Choice[], ended: () => boolean,
): Promise<Choice | undefined> {
  const times = choices.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    const leader = round < TRIALS ? Infinity : Math.min(...times.flat());
    for (const [i, choice] of choices.entries()) {
      if (Math.min(...times[i] ?? []) > BEHIND * leader) continue;
      if (ended()) return round > 0 ? best(choices, times) : undefined;
      times[i]?.push(await meter.time(choice));
    }
  }
  return best(choices, times);
}

function best(choices: readonly Choice[], times: readonly number[][]): Choice | undefined {
  const least = times.map((list) => Math.min(...list)); // what else there was to do only adds
  const [own = Infinity] = least;
  const fastest = Math.min(...least);
  return choices[fastest < own * (1 - MARGIN) ? least.indexOf(fastest) : 0];
}

/** Products of one key are taken to prefer the same kernel: sizes to half a power of two. */
function keyOf({ m, n, k, batch, symmetric, a, b }: Problem): string {
  const sizes = [m, n, k, batch].map((d) => Math.round(2 * Math.log2(Math.max(1, d))));
  const ways = [a, b].map((w) => `${w.down ? "k" : "-"}${w.vec4 ? 4 : 1}${w.dtype}`);
  return `matmul ${sizes.join(" ")} ${ways.join(" ")}${symmetric ? " symmetric" : ""}`;
}

/** A tuner with what its store knows of an adapter. A store that cannot be read is announced. */
export async function openTuner(options: TuneOptions, info: DeviceInfo): Promise<Tuner> {
  const { host: at, vendor, architecture, device, description } = info;
  const adapter = [at, vendor, architecture, device, description].join("/");
  return new Tuner(options, await keptIn(options.store), adapter);
}

async function keptIn(store: TuneStore | undefined): Promise<Kept> {
  const nothing: Kept = { version: VERSION, adapters: {} };
  try {
    const text = await store?.load();
    if (text === undefined) return nothing;
    const kept: unknown = JSON.parse(text);
    if (!isKept(kept)) throw new TypeError("not what was saved");
    return kept.version === VERSION ? kept : nothing; // other kernels, other times
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    host.announce(`tune: the stored choices cannot be read: ${why}. Measuring again.`);
    return nothing;
  }
}

function isKept(x: unknown): x is Kept {
  if (!isRecord(x) || typeof x.version !== "string" || !isRecord(x.adapters)) return false;
  return Object.values(x.adapters).every((winners) => {
    return isRecord(winners) && Object.values(winners).every((name) => typeof name === "string");
  });
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}
