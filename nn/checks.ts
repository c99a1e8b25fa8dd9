// What is refused at the door, with the words for it.

import { Tensor } from "../autograd/index.ts";
import { DtypeError, ShapeError } from "../engine/index.ts";

/** Throws TypeError unless an activation is a function that makes a module. */
export function checkActivation(op: string, make: unknown): void {
  if (typeof make === "function") return;
  throw new TypeError(
    `${op}: the activation is not a function: ${kindOf(make)}. Give relu instead of relu().`,
  );
}

/** Throws TypeError unless a value is a tensor. */
export function checkTensor(op: string, x: unknown): asserts x is Tensor {
  if (x instanceof Tensor) return;
  throw new TypeError(`${op}: not a tensor: ${kindOf(x)}. Make one with tensor().`);
}

/** What a value is, in words. */
export function kindOf(x: unknown): string {
  if (x instanceof Tensor) return "a tensor";
  if (Array.isArray(x)) return `a list of ${x.length}`;
  if (x === null || x === undefined) return String(x);
  return typeof x === "object" ? "an object" : `a ${typeof x}`;
}

/** An operation's error in the name of the module that called it; any other as it is. */
export function located(path: string, error: unknown): unknown {
  const Kind = [ShapeError, DtypeError, TypeError, RangeError].find((kind) => {
    return error instanceof kind;
  });
  const message = error instanceof Error ? error.message : "";
  const [, rest] = /^\w+: (.*)$/s.exec(message) ?? [];
  if (!Kind || rest === undefined || message.includes(path)) return error;
  return new Kind(`${path}: ${rest}`, { cause: error });
}
