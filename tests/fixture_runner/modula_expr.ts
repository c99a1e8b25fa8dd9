// Builds the package's modules from the nested lists of modula.json.

import {
  add, attention, compose, conv2d, embed, gelu, gpt, identity, linear, mlp, power, relu, scale,
  scaleInput, tare, withMass,
} from "../../nn/index.ts";
import type { AttentionOptions, GptOptions, MlpOptions, Module } from "../../nn/index.ts";
import { Missing } from "./missing.ts";
import type { FixtureValue } from "./types.ts";

type Args = readonly FixtureValue[];

// The options of a model have the same names in the file.
function options<Options>(args: Args): Options {
  return args[0] as unknown as Options;
}

function all(parts: Args): Module[] {
  return parts.map(buildExpr);
}

// One head of an expression, one row. Source: fixtures/README.md, "Module expressions".
const heads: Readonly<Record<string, (args: Args) => Module>> = {
  linear: ([fanOut, fanIn]) => linear(Number(fanOut), Number(fanIn)),
  embed: ([dim, count]) => embed(Number(dim), Number(count)),
  conv: ([fanOut, fanIn, height, width]) => {
    return conv2d(Number(fanOut), Number(fanIn), [Number(height), Number(width)]);
  },
  relu: () => relu(),
  gelu: () => gelu(),
  identity: () => identity(),
  compose: (parts) => compose(...all(parts)),
  add: (parts) => add(...all(parts)),
  scale: ([factor, part]) => scale(Number(factor), buildExpr(part)),
  scaleInput: ([part, factor]) => scaleInput(buildExpr(part), Number(factor)),
  power: ([part, count]) => power(buildExpr(part), Number(count)),
  tare: ([part, mass]) => tare(buildExpr(part), Number(mass)),
  mass: ([part, mass]) => withMass(buildExpr(part), Number(mass)),
  mlp: (args) => mlp(options<MlpOptions>(args)),
  attention: (args) => attention(options<AttentionOptions>(args)),
  gpt: (args) => gpt(options<GptOptions>(args)),
};

/**
 * Builds a module of the package.
 *
 * @param expr nested list, head first
 * @throws Missing if a head has no row
 * @throws Error if the expression is not a list
 */
export function buildExpr(expr: FixtureValue | undefined): Module {
  if (!Array.isArray(expr)) throw new Error("fixture: a module expression is not a list.");
  const [head, ...args] = expr as Args;
  const row = heads[String(head)];
  if (row === undefined) throw new Missing(`module ${String(head)}`);
  return row(args);
}
