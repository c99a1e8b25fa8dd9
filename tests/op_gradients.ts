// Gradients of ops, and gradients of those, against differences of their references.

import * as assert from "uvu/assert";
import { type Shape, type Tensor, add, cast, grad, mul, sum, tensor, vjp } from
  "../autograd/index.ts";
import { callOf, compare, describe, smallCases } from "./op_checks.ts";
import { type Laid, type Setting, drawInputs, layInputs } from "./op_inputs.ts";
import { GRADIENT, type OpRow, SECOND, toleranceOf } from "./op_rows.ts";
import { dot64, full64, numericGrad, random64 } from "./reference.ts";
import type { Array64 } from "./reference.ts";
import { numericHessian, numericSlope } from "./reference/hessian.ts";
import type { TestRng } from "./rng.ts";

type Named = Readonly<Record<string, Tensor>>;

/** A call as a function of the inputs it can be differentiated by. */
interface Differentiable {
  readonly names: readonly string[];
  readonly leaves: Named;
  readonly arrays: readonly Array64[];
  readonly f: (leaves: Named) => Tensor;
  readonly ref: (arrays: readonly Array64[]) => Array64;
}

function differentiable(row: OpRow, laid: readonly Laid[]): Differentiable {
  const inputs = laid.map(({ tensor: t }) => t);
  const arrays = laid.map(({ array }) => array);
  const places = row.inputs.flatMap(({ dtype }, k) => (dtype === undefined ? [k] : []));
  const names = places.map((k) => `x${k}`);
  const full = <T>(all: readonly T[], part: (k: number) => T | undefined): T[] =>
    all.map((x, k) => (places.includes(k) ? part(places.indexOf(k)) ?? x : x));
  return {
    names,
    leaves: Object.fromEntries(places.map((k, i) => [names[i] ?? "", inputs[k] as Tensor])),
    arrays: places.map((k) => arrays[k] as Array64), // every place is an input
    f: (leaves) => {
      const y = callOf(row, full(inputs, (i) => leaves[names[i] ?? ""]));
      return y.dtype === "f32" ? y : cast(y, "f32");
    },
    ref: (list) => row.ref(...full(arrays, (i) => list[i])),
  };
}

function zerosLike(arrays: readonly Array64[]): Array64[] {
  return arrays.map(({ shape }) => full64(shape, 0));
}

async function gradientCase(
  row: OpRow, rng: TestRng, shapes: readonly Shape[], setting: Setting,
): Promise<void> {
  const { dtype = "f32" } = setting;
  const laid = layInputs(row, drawInputs(rng, row, shapes, dtype), setting);
  const { names, leaves, arrays, f, ref } = differentiable(row, laid);
  const cotangent = random64(rng, ref(arrays).shape);
  const inputs = [{ domain: [0, 1] as const }];
  const [dy] = layInputs({ ...row, inputs }, [cotangent], { ...setting, dtype: "f32" });

  const grads = vjp(f, leaves).pullback((dy as Laid).tensor); // one went in

  const expected = row.gradient === "constant" ? zerosLike(arrays)
    : numericGrad((xs) => dot64(cotangent, ref(xs)), arrays);
  await Promise.all(names.map((name, k) => {
    const what = `${describe(shapes, setting)}: gradient of input ${k}`;
    const [got, wanted] = [grads[name] as Tensor, expected[k] as Array64]; // one for each name
    assert.is(got.dtype, dtype, `${what}: dtype`);
    // Terms of about 1, as the cotangent is, may cancel in what is small.
    const size = wanted.data.reduce((top, v) => Math.max(top, Math.abs(v)), 1);
    const roundings = 4 * (row.roundings ?? 1); // of result, cotangent, gradient, saved values
    return compare(what, got, wanted, toleranceOf(row.gradTol ?? GRADIENT, dtype, roundings, size));
  }));
}

/** The vjp with a random cotangent against central differences of the reference; one in f16. */
export async function checkGradient(row: OpRow, rng: TestRng): Promise<void> {
  const cases = smallCases(row);
  await Promise.all(cases.map((shapes, i) => {
    const layouts = [i === cases.length - 1 ? "stepped" : "contiguous"];
    return gradientCase(row, rng, shapes, { layouts });
  }));
  const last = cases.findLast((shapes) => shapes.every((shape) => !shape.includes(0)));
  if (last) await gradientCase(row, rng, last, { dtype: "f16" });
}

/** The gradients of the product of a call's vjp with a direction. */
function secondGrads(
  { names, leaves, f }: Differentiable, cotangent: Array64, along: readonly Array64[],
): { readonly x: Named; readonly dy: Tensor } {
  const directions = along.map((v) => tensor(v));
  const leaf = { x: leaves, dy: tensor(cotangent) };
  return grad(({ x, dy }: typeof leaf) => {
    const inner = grad((t: Named) => sum(mul(f(t), dy)))(x);
    const products = names.map((name, k) => {
      return sum(mul(inner[name] as Tensor, directions[k] as Tensor)); // one for each name
    });
    return products.reduce((total, p) => add(total, p));
  })(leaf);
}

async function secondCase(row: OpRow, rng: TestRng, shapes: readonly Shape[]): Promise<void> {
  const call = differentiable(row, layInputs(row, drawInputs(rng, row, shapes)));
  const { names, arrays, ref } = call;
  const along = arrays.map((x) => random64(rng, x.shape, [-1, 1]));
  const cotangent = random64(rng, ref(arrays).shape, [-1, 1]);

  const grads = secondGrads(call, cotangent, along);

  const what = `${describe(shapes, {})}: second derivative`;
  const constant = row.gradient === "constant";
  const byInputs = constant ? zerosLike(arrays)
    : numericHessian((xs) => dot64(cotangent, ref(xs)), arrays, along);
  const byCotangent = constant ? full64(cotangent.shape, 0) : numericSlope(ref, arrays, along);
  await Promise.all([
    ...names.map((name, k) => {
      const [got, wanted] = [grads.x[name] as Tensor, byInputs[k] as Array64]; // one for each name
      return compare(`${what} of input ${k}`, got, wanted, row.secondTol ?? SECOND);
    }),
    compare(`${what} by the cotangent`, grads.dy, byCotangent, row.secondTol ?? GRADIENT),
  ]);
}

/** The gradients, by inputs and cotangent, of the vjp's product with a random direction. */
export async function checkSecond(row: OpRow, rng: TestRng): Promise<void> {
  await Promise.all(smallCases(row).map((shapes) => secondCase(row, rng, shapes)));
}
