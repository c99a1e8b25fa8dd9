// What the rows of the op table are made of.

import type { Tensor } from "../../autograd/index.ts";
import { exported } from "./exported.ts";
import { Missing } from "./missing.ts";
import type { FixtureValue, FixtureValues } from "./types.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Computes an op from the inputs and attributes of a case; several outputs come by name. */
export type OpRow = (inputs: Tensors, attrs: FixtureValues) => Tensor | Tensors;

/**
 * An op of the package by name. Its arguments are not type-checked, since it may not exist yet.
 *
 * @throws Missing if it is not exported
 */
export function exportedOp<Result = Tensor>(name: string): (...args: unknown[]) => Result {
  return exported(name);
}

/**
 * A row that passes the named inputs to an op.
 */
export function run(name: string, ...inputs: readonly string[]): OpRow {
  return (values) => exportedOp(name)(...inputs.map((input) => values[input]));
}

/**
 * Rows for ops that have the same name in the file and take all inputs in their order.
 */
export function same(...names: readonly string[]): Record<string, OpRow> {
  const row = (name: string): OpRow => (inputs) => exportedOp(name)(...Object.values(inputs));
  return Object.fromEntries(names.map((name) => [name, row(name)]));
}

/**
 * A row for an op of one input with `axis` and, where the file has it, `keepDims`.
 */
export function withAxis(name: string): OpRow {
  return ({ x }, attrs) => {
    const keepDims = attrs["keepdims"];
    const axis = axisOf(attrs);
    return exportedOp(name)(x, keepDims === undefined ? { axis } : { axis, keepDims });
  };
}

/**
 * The axis of a case: a number, a list, or undefined for all of them.
 */
export function axisOf(attrs: FixtureValues): FixtureValue | undefined {
  return attrs["axis"] ?? undefined;
}

/**
 * An attribute as it is; undefined if the case does not have it.
 */
export function option(attrs: FixtureValues, name: string): FixtureValue | undefined {
  return attrs[name];
}

/**
 * An attribute that must be a list of numbers.
 *
 * @throws Error if it is something else
 */
export function list(attrs: FixtureValues, name: string): number[] {
  const value = attrs[name];
  if (Array.isArray(value)) return value.map(Number);
  throw new Error(`fixture: attribute "${name}" is not a list.`);
}

/**
 * An attribute that must be a number.
 *
 * @throws Error if it is something else
 */
export function number(attrs: FixtureValues, name: string): number {
  const value = attrs[name];
  if (typeof value === "number") return value;
  throw new Error(`fixture: attribute "${name}" is not a number.`);
}

/**
 * Refuses options that a row would otherwise leave out silently.
 *
 * @param user whose options they are, for the report
 * @throws Missing if there is one that is not among the names
 */
export function only(options: FixtureValues, user: string, names: readonly string[]): void {
  const other = Object.keys(options).find((name) => !names.includes(name));
  if (other !== undefined) throw new Missing(`${user} with ${other}`);
}
