// Checks of hyperparameters: what an option may be, and what is said when it is not.

import { Tensor } from "../autograd/index.ts";

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

/** A function, by what it is a function of. */
export function functionOf(what: string): Range {
  return { text: `a function of ${what}`, holds: (x) => typeof x === "function" };
}

/** A learning-rate schedule. */
export const FUNCTION: Range = /* @__PURE__ */ functionOf("the step");

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
  text: "an object", holds: (x) => typeof x === "object" && x !== null && !Array.isArray(x),
};

/** The same, with an example. */
export function objectAs(example: string): Range {
  return { text: `${OBJECT.text}, as ${example}`, holds: OBJECT.holds };
}

/** Steps of a polar iteration; some of a set would stand for those of another default. */
export const POLAR: Range = {
  text: "a set with `coefficients`, [a, b, c] for each step, as JORDAN",
  holds: (x) => {
    const { coefficients } = (x ?? {}) as { readonly coefficients?: unknown };
    return Array.isArray(coefficients) && coefficients.every(isTriple);
  },
};

function isTriple(x: unknown): boolean {
  return Array.isArray(x) && x.length === 3 && x.every(Number.isFinite);
}

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

/** A value as errors name it. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Tensor) return "a tensor";
  if (isModule(value)) return "a module";
  return value instanceof Promise ? "a promise" : "an object";
}

/** Whether a value is a network's module, which belongs elsewhere than options or weights. */
export function isModule(value: unknown): boolean {
  const { entries, forward } = (value ?? {}) as Record<string, unknown>;
  return Array.isArray(entries) && typeof forward === "function";
}

/** Whether a value is an object of no class. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const from: unknown = Object.getPrototypeOf(value);
  return from === null || Object.getPrototypeOf(from) === null;
}

/**
 * Checks the options of an optimizer or a schedule.
 *
 * @param options undefined counts as none
 * @param ranges every option there is; one that is undefined has been left out
 * @param required options that must not be left out
 * @throws TypeError for what is no plain object, or an option that is unknown or missing;
 *   RangeError for a bad value
 */
export function checkOptions(
  op: string, options: object | undefined, ranges: Readonly<Record<string, Range>>,
  required: readonly string[] = [],
): void {
  const known = Object.keys(ranges).join(", ");
  if (options !== undefined && !isPlain(options)) throw notOptions(op, options, known);
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    const range = Object.hasOwn(ranges, name) ? ranges[name] : undefined;
    if (range === undefined) {
      throw new TypeError(`${op}: unknown option: ${name}. Use ${known}.`);
    }
    checkRange(op, name, value, range);
  }
  for (const name of required) {
    if (given.some(([other]) => other === name)) continue;
    throw new TypeError(`${op}: option missing: ${name}. Give ${ranges[name]?.text ?? "it"}.`);
  }
}

function notOptions(op: string, value: unknown, known: string): TypeError {
  return new TypeError(
    `${op}: the options are not a plain object: ${showValue(value)}. `
      + `Give ${isModule(value) ? "options only: " : ""}an object with ${known}.`,
  );
}
