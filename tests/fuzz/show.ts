// A program as code that can be pasted into a test.

import { type Failure, isInts } from "./evaluate.ts";
import type { OpTable, Program } from "./types.ts";

function argument(x: unknown): string {
  if (isInts(x)) return `tensor({ shape: [${x.shape}], data: [${x.ints}] }, { dtype: "i32" })`;
  if (Array.isArray(x)) return `[${x.map(argument).join(", ")}]`;
  if (typeof x === "object" && x !== null) {
    const entries = Object.entries(x).filter(([, value]) => value !== undefined);
    return `{ ${entries.map(([name, value]) => `${name}: ${argument(value)}`).join(", ")} }`;
  }
  return JSON.stringify(x);
}

/** @returns lines of TypeScript; long data is cut off */
export function codeOf({ leaves, steps }: Program, table: OpTable): string {
  const nameOf = (i: number) => (i < leaves.length ? `x${i}` : `y${i - leaves.length}`);
  const lines = leaves.map(({ shape, values }, k) => {
    const rest = values.length > 40 ? ` /* ${values.length - 40} more */` : "";
    const data = `[${values.slice(0, 40).join(", ")}${rest}]`;
    return `const x${k} = tensor({ shape: [${shape.join(", ")}], data: ${data} });`;
  });
  for (const [k, { op, inputs, args }] of steps.entries()) {
    const tensors = inputs.map(nameOf).join(", ");
    const all = [table[op]?.list ? `[${tensors}]` : tensors, ...args.map(argument)];
    if (table[op]?.first) all.push(...all.splice(0, 1));
    lines.push(`const y${k} = ${op}(${all.join(", ")});`);
  }
  return lines.join("\n");
}

/** A failure in one line. */
export function showFailure({ what, index, got, expected, allowed }: Failure): string {
  if (index === undefined) return what;
  const bound = allowed?.toExponential(2);
  return `${what} at ${index}: got ${got}, expected ${expected}, allowed ${bound}`;
}
