// The ops of the package by name. The op table names what is still to be written, too, and its
// rows start to run on the day it is exported; so what they reach this way is not type-checked.

import * as autograd from "../../autograd/index.ts";
import { Missing } from "./missing.ts";

const exports: Readonly<Record<string, unknown>> = autograd;

/**
 * Whether the package exports the name.
 */
export function isExported(name: string): boolean {
  return name in exports;
}

/**
 * What the package exports under a name.
 *
 * @throws Missing if nothing is exported under it
 */
export function exported<Value>(name: string): Value {
  if (!isExported(name)) throw new Missing(name);
  return exports[name] as Value;
}
