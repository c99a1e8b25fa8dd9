// Learning-rate schedules: pure functions of the step, to be multiplied by the learning rate.

import { COUNT, COUNT_OR_NONE, FUNCTION, NOT_NEGATIVE, checkOptions, checkRange, oneOf } from
  "./check.ts";

/**
 * Factor of the learning rate at a step.
 *
 * @param step how many steps have been done, from 0
 * @returns >= 0; after its last step a schedule stays where it ended
 */
export type Schedule = (step: number) => number;

/** How a decay gets from 1 to its end. */
export interface DecayOptions {
  /** Steps until the end is reached, >= 1: step `total` is the first at `final`. */
  readonly total: number;
  /** Factor at the end, >= 0. Default 0. */
  readonly final?: number;
}

const DECAY = { total: COUNT, final: NOT_NEGATIVE };

/** A schedule that falls from 1 to `final` as `shape` falls from 1 to 0 on [0, 1]. */
function decay(op: string, options: DecayOptions, shape: (done: number) => number): Schedule {
  checkOptions(op, options, DECAY, ["total"]);
  const { total, final = 0 } = options;
  return (step) => final + (1 - final) * shape(Math.min(step / total, 1));
}

/** A schedule that stays at 1. */
export function constantRate(): Schedule {
  return () => 1;
}

/**
 * A straight line from 1 to `final`; the default of Modula's training loops.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * @example
 * const optimizer = modularDescent(module, { lr: 0.1, schedule: linearDecay({ total: 1000 }) });
 */
export function linearDecay(options: DecayOptions): Schedule {
  return decay("linearDecay", options, (done) => 1 - done);
}

/**
 * Half a period of a cosine, from 1 to `final`.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Loshchilov, Hutter 2017, "SGDR", without restarts
 */
export function cosineDecay(options: DecayOptions): Schedule {
  return decay("cosineDecay", options, (done) => (1 + Math.cos(Math.PI * done)) / 2);
}

/**
 * One minus the square root of the time, from 1 to `final`: falls fast at first.
 *
 * @throws RangeError for an option out of range; TypeError for one unknown or missing
 * Source: Hägele et al. 2024, "Scaling laws and compute-optimal training beyond fixed training
 * durations", section 4
 */
export function sqrtDecay(options: DecayOptions): Schedule {
  return decay("sqrtDecay", options, (done) => 1 - Math.sqrt(done));
}

/**
 * One over the square root of the time, `1 / sqrt((step + 1) / hold)`, at most 1; has no end.
 *
 * @param options.hold steps at 1 before it falls, >= 1. Default 1
 * @throws RangeError for an option out of range; TypeError for an unknown one
 */
export function inverseSqrt(options: { readonly hold?: number } = {}): Schedule {
  checkOptions("inverseSqrt", options, { hold: COUNT });
  const { hold = 1 } = options;
  return (step) => Math.min(1, Math.sqrt(hold / (step + 1)));
}

/**
 * One schedule after another: `first` for some steps, then `next`, which starts from its step 0.
 *
 * @param steps how long `first` runs, >= 0
 * @throws RangeError for an argument out of range
 */
export function follow(first: Schedule, steps: number, next: Schedule): Schedule {
  checkRange("follow", "first", first, FUNCTION);
  checkRange("follow", "steps", steps, COUNT_OR_NONE);
  checkRange("follow", "next", next, FUNCTION);
  return (step) => (step < steps ? first(step) : next(step - steps));
}

/**
 * A rise in equal parts, the first step at `1 / steps`, before another schedule.
 *
 * @param steps length of the rise, >= 0
 * @param next what comes after it, from its step 0. Default: `constantRate`
 * @throws RangeError for an argument out of range
 * @example
 * const schedule = warmUp(100, cosineDecay({ total: 900 }));
 */
export function warmUp(steps: number, next: Schedule = constantRate()): Schedule {
  checkRange("warmUp", "steps", steps, COUNT_OR_NONE);
  checkRange("warmUp", "next", next, FUNCTION);
  const start = next(0);
  return follow((step) => (start * (step + 1)) / steps, steps, next);
}

/** The parts of a trapezoid. */
export interface TrapezoidOptions extends DecayOptions {
  /** Steps of the rise, >= 0. Default 0. */
  readonly warmUp?: number;
  /** Steps of the fall, >= 1. Default: a fifth of `total`, rounded up. */
  readonly decay?: number;
  /** How it falls. Default "linear". */
  readonly shape?: keyof typeof SHAPES;
}

const SHAPES = { linear: linearDecay, cosine: cosineDecay, sqrt: sqrtDecay };

/**
 * Warm-up, then 1, then a fall to `final` at step `total`: "warm-up-stable-decay".
 *
 * @throws RangeError for an option out of range, or if rise and fall are longer than `total`;
 *   TypeError for one unknown or missing
 * Source: Zhai et al. 2022, "Scaling vision transformers"; Hägele et al. 2024
 */
export function trapezoid(options: TrapezoidOptions): Schedule {
  const { total, final = 0, warmUp: rise = 0, shape = "linear" } = options;
  checkOptions("trapezoid", options, {
    ...DECAY, warmUp: COUNT_OR_NONE, decay: COUNT, shape: oneOf(Object.keys(SHAPES)),
  }, ["total"]);
  const fall = options.decay ?? Math.ceil(total / 5);
  if (rise + fall > total) {
    throw new RangeError(
      `trapezoid: rise and fall are longer than the whole: ${rise} + ${fall} > ${total}. `
        + `Shorten one or raise total.`,
    );
  }
  const after = SHAPES[shape]({ total: fall, final });
  return warmUp(rise, follow(constantRate(), total - rise - fall, after));
}
