// Checks of hyperparameters: what an option may be, and what is said when it is not.

/** What an option may be. */
export interface Range {
  /** Completes "Use ..". */
  readonly text: string;
  readonly holds: (value: unknown) => boolean;
}

const isFinite = (value: unknown): value is number => Number.isFinite(value);

/** A finite number from 0 on. */
export const NOT_NEGATIVE: Range = {
  text: "a finite number >= 0", holds: (x) => isFinite(x) && x >= 0,
};

/** A decay of an average. */
export const FRACTION: Range = {
  text: "a number in [0, 1)", holds: (x) => isFinite(x) && x >= 0 && x < 1,
};

/** A share. */
export const SHARE: Range = {
  text: "a number in [0, 1]", holds: (x) => isFinite(x) && x >= 0 && x <= 1,
};

/** A count of steps. */
export const COUNT: Range = {
  text: "a whole number from 1", holds: (x) => isFinite(x) && Number.isInteger(x) && x >= 1,
};

/** A count of steps that may be none. */
export const COUNT_OR_NONE: Range = {
  text: "a whole number from 0", holds: (x) => isFinite(x) && Number.isInteger(x) && x >= 0,
};

/** Yes or no. */
export const SWITCH: Range = { text: "true or false", holds: (x) => typeof x === "boolean" };

/** A learning-rate schedule. */
export const FUNCTION: Range = {
  text: "a function of the step", holds: (x) => typeof x === "function",
};

/** A finite number above 0. */
export const POSITIVE: Range = {
  text: "a finite number > 0", holds: (x) => isFinite(x) && x > 0,
};

/** A finite number below 0. */
export const NEGATIVE: Range = {
  text: "a finite number < 0", holds: (x) => isFinite(x) && x < 0,
};

/** Options with options of their own, or an object from elsewhere. */
export const OBJECT: Range = {
  text: "an object", holds: (x) => typeof x === "object" && x !== null,
};

/** The decays of Adam's two averages. */
export const BETAS: Range = {
  text: "two numbers in [0, 1)",
  holds: (x) => Array.isArray(x) && x.length === 2 && x.every((b) => FRACTION.holds(b)),
};

/** One of some names. */
export function oneOf(names: readonly string[]): Range {
  return { text: names.join(", "), holds: (x) => typeof x === "string" && names.includes(x) };
}

/**
 * Checks one value.
 *
 * @throws RangeError naming the operation, the option and the value
 */
export function checkRange(op: string, name: string, value: unknown, range: Range): void {
  if (range.holds(value)) return;
  throw new RangeError(`${op}: ${name} is out of range: ${showValue(value)}. Use ${range.text}.`);
}

function showValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  return typeof value === "string" ? `"${value}"` : String(value);
}

/**
 * Checks the options of an optimizer or a schedule.
 *
 * @param ranges every option there is; one that is undefined has been left out
 * @param required options that must not be left out
 * @throws TypeError for an option that is unknown or missing; RangeError for a bad value
 */
export function checkOptions(
  op: string, options: object, ranges: Readonly<Record<string, Range>>,
  required: readonly string[] = [],
): void {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    const range = Object.hasOwn(ranges, name) ? ranges[name] : undefined;
    if (range === undefined) {
      const known = Object.keys(ranges).join(", ");
      throw new TypeError(`${op}: unknown option: ${name}. Use ${known}.`);
    }
    checkRange(op, name, value, range);
  }
  for (const name of required) {
    if (given.some(([other]) => other === name)) continue;
    throw new TypeError(`${op}: option missing: ${name}. Give ${ranges[name]?.text ?? "it"}.`);
  }
}
