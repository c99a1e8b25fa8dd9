// The package's exports by name. The tables may name what is still to be written, and their rows
// start to run on the day it is exported; so what they reach this way is not type-checked.

import * as autograd from "../../autograd/index.ts";
import * as nn from "../../nn/index.ts";
import * as optim from "../../optim/index.ts";
import { Missing } from "./missing.ts";

const folders = { autograd, nn, optim } as const;

/**
 * Whether some folder exports the name.
 */
export function isExported(name: string): boolean {
  return Object.values(folders).some((folder) => name in folder);
}

/**
 * What the package exports under a name, searched in autograd, nn and optim, in this order.
 *
 * @throws Missing if nothing is exported under it
 */
export function exported<Value>(name: string): Value {
  for (const exports of Object.values<Readonly<Record<string, unknown>>>(folders)) {
    if (name in exports) return exports[name] as Value;
  }
  throw new Missing(name);
}
