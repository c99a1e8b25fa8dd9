import { DtypeError, type Shape, ShapeError, Tensor, scope, show } from "../engine/index.ts";

/**
 * Checks that an operand is a tensor.
 *
 * @throws TypeError naming what it is instead
 */
export function checkTensor(op: string, x: unknown): Tensor {
  if (x instanceof Tensor) return x;
  throw new TypeError(`${op}: not a tensor: ${kindOf(x)}. Make one with tensor().`);
}

function kindOf(x: unknown): string {
  return x === null ? "null" : Array.isArray(x) ? "an array" : typeof x;
}

/**
 * Checks that options are there of which one has no default.
 *
 * @param name of that one
 * @throws TypeError telling how to write it
 */
export function checkOptions<O extends object>(op: string, options: O, name: string): O {
  if (kindOf(options) === "object" && !(options instanceof Tensor)) return options;
  throw new TypeError(
    `${op}: the options are not an object: ${kindOf(options)}. Write { ${name}: ... }.`,
  );
}

/**
 * Runs an operation that is made of others, and frees all but its results. What the others refuse
 * is an error of this one.
 */
export function composed<R>(op: string, body: () => R): R {
  try {
    return scope(body);
  } catch (error) {
    throw renamed(op, error);
  }
}

function renamed(op: string, error: unknown): unknown {
  const Kind = [ShapeError, DtypeError, TypeError, RangeError].find((kind) => {
    return error instanceof kind;
  });
  const [, rest] = /^\w+: (.*)$/s.exec(error instanceof Error ? error.message : "") ?? [];
  const message = `${op}: ${rest}`;
  if (!Kind || rest === undefined || message === (error as Error).message) return error;
  return new Kind(message, { cause: error });
}

/** Shapes of operands for an error message: `a [2, 3] and b [4]`. */
export function showShapes(names: readonly string[], shapes: readonly Shape[]): string {
  return names.map((name, i) => `${name} ${show(shapes[i] ?? [])}`).join(" and ");
}
