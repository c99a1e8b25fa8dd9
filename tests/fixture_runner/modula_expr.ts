// Builds the package's modules from the nested lists of modula.json.

import { exportedOf } from "./exported.ts";
import { Missing } from "./missing.ts";
import type { FixtureValue } from "./types.ts";

// What builds modules: not type-checked, since a module may not exist yet.
type Make = (...args: readonly unknown[]) => unknown;

function nn(name: string): Make {
  return exportedOf<Make>("nn", name);
}

function options(args: readonly FixtureValue[]): FixtureValue | undefined {
  return args[0];
}

// One head of an expression, one row. Source: fixtures/README.md, "Module expressions".
const heads: Readonly<Record<string, (args: readonly FixtureValue[]) => unknown>> = {
  linear: ([fanOut, fanIn]) => nn("linear")(fanOut, fanIn),
  embed: ([dim, count]) => nn("embed")(dim, count),
  relu: () => nn("relu")(),
  gelu: () => nn("gelu")(),
  identity: () => nn("identity")(),
  compose: (parts) => nn("compose")(...parts.map(buildExpr)),
  add: (parts) => nn("add")(...parts.map(buildExpr)),
  scale: ([factor, part]) => nn("scale")(factor, buildExpr(part)),
  scaleInput: ([part, factor]) => nn("scaleInput")(buildExpr(part), factor),
  power: ([part, count]) => nn("power")(buildExpr(part), count),
  tare: ([part, mass]) => nn("tare")(buildExpr(part), mass),
  mass: ([part, mass]) => nn("withMass")(buildExpr(part), mass),
  mlp: (args) => nn("mlp")(options(args)),
  attention: (args) => nn("attention")(options(args)),
  gpt: (args) => nn("gpt")(options(args)),
};

/**
 * Builds a module of the package.
 *
 * @param expr nested list, head first
 * @throws Missing if a head has no row, or the package does not have what it names
 * @throws Error if the expression is not a list
 */
export function buildExpr(expr: FixtureValue | undefined): unknown {
  if (!Array.isArray(expr)) throw new Error("fixture: a module expression is not a list.");
  const [head, ...args] = expr as readonly FixtureValue[];
  const row = heads[String(head)];
  if (row === undefined) throw new Missing(`module ${String(head)}`);
  return row(args);
}
