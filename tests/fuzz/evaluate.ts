// A program on the device and in float64, and what differs.

import { type Tensor, cast, tensor, vjp } from "../../autograd/index.ts";
import { exported } from "../fixture_runner/exported.ts";
import { sizeOf } from "../reference.ts";
import { type Ball, exact } from "./ball.ts";
import { type Var, gradients, leaf } from "./tape64.ts";
import type { FuzzOp, Ints, OpTable, Program } from "./types.ts";

/** What a program should give. */
export interface Expected {
  readonly y: Ball;
  readonly grads: readonly Ball[];
  /** Of every leaf, then of every step. */
  readonly shapes: readonly (readonly number[])[];
  readonly values: readonly Ball[];
}

/** What is wrong with a program's results. */
export interface Failure {
  readonly what: string;
  /** The worst element, if it is a number that is wrong. */
  readonly index?: number;
  readonly got?: number;
  readonly expected?: number;
  readonly allowed?: number;
}

/** Bounds are for the reference's own order of operations; kernels have others, of like length. */
const ORDERS = 4;

/** Numbers in [-2, 2], some of them 0, that are the same for the same place and size. */
export function cotangent(shape: readonly number[]): Ball {
  return exact(shape, Array.from({ length: sizeOf(shape) }, (_, i) => (i * 7919 % 33 - 16) / 8));
}

/** @throws RangeError where a program's shapes do not fit */
export function evaluate({ leaves, steps }: Program, table: OpTable): Expected {
  const vars: Var[] = leaves.map(({ shape, values }) => leaf(exact(shape, values)));
  for (const { op, inputs, args } of steps) {
    const ref = opOf(table, op).ref as (inputs: readonly Var[], ...args: readonly unknown[]) => Var;
    const y = ref(inputs.map((i) => vars[i] as Var), ...args); // inputs come before
    if (!y.ball.shape.every((d) => Number.isInteger(d) && d >= 0)) throw new RangeError(op);
    vars.push(y);
  }
  const y = vars.at(-1) as Var; // a program has a leaf
  const grads = gradients(y, cotangent(y.ball.shape), vars.slice(0, leaves.length));
  const values = vars.map(({ ball }) => ball);
  return { y: y.ball, grads, shapes: values.map(({ shape }) => shape), values };
}

function opOf(table: OpTable, name: string): FuzzOp {
  const op = table[name];
  if (op) return op;
  throw new RangeError(`fuzz: there is no op ${name}.`);
}

/** Whether a value is an array of whole numbers, which has no gradient. */
export function isInts(x: unknown): x is Ints {
  return typeof x === "object" && x !== null && "ints" in x;
}

/** The call itself. */
function call(op: FuzzOp, inputs: readonly Tensor[], args: readonly unknown[]): Tensor {
  const f = exported<(...all: unknown[]) => unknown>(op.name);
  const rest = args.map((arg) => {
    return isInts(arg) ? tensor(Int32Array.from(arg.ints), { shape: arg.shape }) : arg;
  });
  const tensors = op.list ? [inputs] : inputs;
  const y = op.first ? f(...rest, ...tensors) : f(...tensors, ...rest);
  const t = op.result ? op.result(y) : y as Tensor;
  return t.dtype === "f32" ? t : cast(t, "f32");
}

/**
 * Runs a program on the device and compares value and gradients.
 *
 * @returns undefined if all is well
 */
export async function failureOf(
  program: Program, expected: Expected, table: OpTable,
): Promise<Failure | undefined> {
  const { leaves, steps } = program;
  try {
    const at = Object.fromEntries(leaves.map(({ shape, values }, k) => {
      return [`x${k}`, tensor(Float32Array.from(values), { shape })] as const;
    }));
    const { value, pullback } = vjp((inputs: typeof at) => {
      const all = leaves.map((_, k) => inputs[`x${k}`] as Tensor); // made above
      for (const { op, inputs: from, args } of steps) {
        all.push(call(opOf(table, op), from.map((i) => all[i] as Tensor), args));
      }
      return all.at(-1) as Tensor;
    }, at);
    const dy = cotangent(expected.y.shape);
    const wrong = shapeFailure("value", value, expected.y);
    if (wrong) return wrong;
    const grads = pullback(tensor(dy.value, { shape: dy.shape }));
    const pairs = [["value", value, expected.y] as const,
      ...leaves.map((_, k) => [`gradient of x${k}`, grads[`x${k}`], expected.grads[k]] as const)];
    for (const [what, got, wanted] of pairs) {
      const found = await compare(what, got as Tensor, wanted as Ball);
      if (found) return found;
    }
    return undefined;
  } catch (error) {
    return { what: error instanceof Error ? error.message : String(error) };
  }
}

function shapeFailure(what: string, got: Tensor, { shape }: Ball): Failure | undefined {
  if (got.shape.join() === shape.join()) return undefined;
  return { what: `${what}: shape [${got.shape.join(", ")}], expected [${shape.join(", ")}]` };
}

async function compare(what: string, got: Tensor, wanted: Ball): Promise<Failure | undefined> {
  const wrong = shapeFailure(what, got, wanted);
  if (wrong) return wrong;
  const data = await got.read();
  let worst: Failure | undefined;
  let worstRatio = 1;
  for (let index = 0; index < wanted.value.length; index++) {
    const [g, expected] = [data[index] ?? NaN, wanted.value[index] ?? NaN];
    const allowed = ORDERS * (wanted.error[index] ?? NaN);
    const ratio = Math.abs(g - expected) / (allowed + Number.MIN_VALUE);
    if (allowed === Infinity || ratio <= worstRatio || g === expected) continue;
    worstRatio = Number.isNaN(ratio) ? worstRatio : ratio;
    worst = { what, index, got: g, expected, allowed };
  }
  return worst;
}
