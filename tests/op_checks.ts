// The checks that come from a row of tests/fixtures/*.ts.

import * as assert from "uvu/assert";
import * as autograd from "../autograd/index.ts";
import { type DType, DtypeError, type Shape, type Tensor } from
  "../autograd/index.ts";
import { type Tolerance, assertClose } from "./close.ts";
import { type Setting, drawInputs, isFloat, layInputs } from "./op_inputs.ts";
import { type Input, type OpRow, toleranceOf } from "./op_rows.ts";
import { map64, sizeOf } from "./reference.ts";
import type { Array64 } from "./reference.ts";
import type { TestRng } from "./rng.ts";

/** Most elements, over all inputs, of a case that is laid out in every way and differentiated. */
const SMALL = 60;

/** The name a row's op is exported under. */
export function nameOf({ op }: OpRow): string {
  const found = Object.entries(autograd).find(([, value]) => value === op);
  if (found) return found[0];
  throw new Error(`rows: a row is about something that is not exported: ${op.name}.`);
}

/** The row's name for people. */
export function titleOf(row: OpRow): string {
  return row.label ? `${nameOf(row)} ${row.label}` : nameOf(row);
}

/** Calls the op of a row. */
export function callOf(row: OpRow, inputs: readonly Tensor[]): Tensor {
  return (row.call ?? row.op as (...list: Tensor[]) => Tensor)(...inputs);
}

function refOf(row: OpRow, dtype: DType = "f32"): OpRow["ref"] {
  return isFloat(dtype) ? row.ref : row.refWhole ?? row.ref;
}

/** The cases of a row that are small. */
export function smallCases(row: OpRow): readonly (readonly Shape[])[] {
  return row.shapes.filter((shapes) => shapes.reduce((n, s) => n + sizeOf(s), 0) <= SMALL);
}

/** Compares, and says in a failure which case it was. */
export async function compare(
  what: string, got: Tensor, expected: Array64, tolerance: Tolerance,
): Promise<void> {
  try {
    assertClose({ shape: got.shape, data: await got.read() }, expected, tolerance);
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Names a case. */
export function describe(shapes: readonly Shape[], setting: Setting): string {
  const { dtype = "f32", layouts = [] } = setting;
  const list = shapes.map((s) => `[${s.join(", ")}]`).join(" ");
  return [list, dtype, ...layouts].join(" ");
}

// The checks of a test are made side by side: some hosts take 10 ms to answer a read.

/** Calls the op on laid out inputs and compares the result, its shape and its dtype. */
async function checkCall(
  row: OpRow, arrays: readonly Array64[], setting: Setting = {}, output?: Array64,
): Promise<void> {
  const { dtype = "f32" } = setting;
  const laid = layInputs(row, arrays, setting);
  const what = describe(laid.map(({ array }) => array.shape), setting);
  const before = autograd.currentDevice().memory().tensors;
  const y = callOf(row, laid.map(({ tensor: t }) => t));
  const made = y.device.memory().tensors - before;
  assert.ok(row.call || made <= 1, `${what}: leaves ${made - 1} tensors beside its result`);
  const out = outOf(row, dtype);
  const expected = output ?? refOf(row, dtype)(...laid.map(({ array }) => array));
  assert.is(y.dtype, out, `${what}: dtype of the result`);
  const wrapped = out === "u32" ? map64(expected, (v) => v >>> 0) : expected;
  const size = expected.data.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
  await compare(what, y, wrapped, toleranceOf(row, out, row.roundings, size));
}

/** The dtype of a row's result. */
function outOf({ out }: OpRow, dtype: DType): DType {
  return typeof out === "function" ? out(dtype) : out ?? dtype;
}

/** Values over all shapes and dtypes, row-major; small ones also in f16 and bf16. */
export async function checkValues(row: OpRow, rng: TestRng): Promise<void> {
  const dtypes = row.dtypes ?? ["f32"];
  await Promise.all(dtypes.flatMap((dtype) => row.shapes.map((shapes) => {
    return checkCall(row, drawInputs(rng, row, shapes, dtype), { dtype });
  })));
  if (!dtypes.includes("f32") || row.inputs.every((input) => input.dtype !== undefined)) return;
  await Promise.all((["f16", "bf16"] as const).flatMap((dtype) => smallCases(row).map((shapes) => {
    return checkCall(row, drawInputs(rng, row, shapes, dtype), { dtype });
  })));
}

const MIXED = [
  ["transposed"], ["stepped"], ["reversed"], ["expanded"],
  ["contiguous", "transposed"], ["stepped", "contiguous"], ["expanded", "reversed"],
];

/** Values of small inputs in every layout. */
export async function checkLayouts(row: OpRow, rng: TestRng): Promise<void> {
  const dtype = row.dtypes?.[0] ?? "f32";
  const mixed = row.inputs.length > 1 ? MIXED : MIXED.slice(0, 4);
  await Promise.all(mixed.flatMap((layouts) => smallCases(row).map((shapes) => {
    return checkCall(row, drawInputs(rng, row, shapes, dtype), { dtype, layouts });
  })));
}

/** Calls written out, as for NaN, infinity and ties. */
export async function checkExamples(row: OpRow): Promise<void> {
  const examples = row.examples ?? [];
  await Promise.all(examples.map(({ inputs, output }) => checkCall(row, inputs, {}, output)));
}

const DTYPES: readonly DType[] = ["f32", "i32", "u32", "bool"];

/** A call in a dtype that the row does not name. */
interface Foreign {
  readonly arrays: readonly Array64[];
  readonly inputs: readonly Tensor[];
  /** The dtype that those inputs have. */
  readonly wrong: DType;
  /** Those that the input is meant to have. */
  readonly allowed: readonly DType[];
}

/**
 * Every input as a dtype that the row does not name: either the inputs are promoted, and the result
 * is that of the reference in another dtype; or DtypeError, naming op and dtype.
 */
export async function checkDtypes(row: OpRow, rng: TestRng): Promise<void> {
  const shapes = row.shapes.find((list) => list.every((s) => sizeOf(s) > 0)) ?? row.shapes[0] ?? [];
  const { inputs, dtypes = ["f32"] } = row;
  const calls = inputs.flatMap((input, k): (() => Promise<void>)[] => {
    const allowed = input.dtype ? [input.dtype] : dtypes;
    return DTYPES.filter((d) => !allowed.includes(d)).map((wrong) => async () => {
      const same = (i: number) => i === k || (!input.dtype && !inputs[i]?.dtype);
      const given = { ...row, inputs: inputs.map((x, i) => (same(i) ? whole(x, wrong) : x)) };
      const arrays = drawInputs(rng, given, shapes, dtypes[0]);
      const laid = layInputs(given, arrays, { dtype: dtypes[0] ?? "f32" });
      await checkForeign(row, { arrays, inputs: laid.map((l) => l.tensor), wrong, allowed });
    });
  });
  for (const call of calls) await call();
}

/** An input of another dtype, of whole numbers if the domain has any. */
function whole({ domain: [low, high] }: Input, dtype: DType): Input {
  const from = Math.ceil(dtype === "u32" ? Math.max(low, 0) : low);
  return { domain: [from, Math.max(from, Math.floor(high))], dtype };
}

async function checkForeign(row: OpRow, { arrays, inputs, wrong, allowed }: Foreign) {
  let y: Tensor;
  try {
    y = callOf(row, inputs);
  } catch (error) {
    assert.instance(error, DtypeError, String(error));
    assert.is((error as DtypeError).message, `${row.says ?? nameOf(row)}: dtype not supported: `
      + `${wrong}. Use ${allowed.join(" or ")}, or cast first.`);
    return;
  }
  const promoted: readonly DType[] = row.out ? [outOf(row, wrong)] : ["f32", "i32"];
  const what = describe(arrays.map((x) => x.shape), { dtype: wrong });
  assert.ok(promoted.includes(y.dtype), `${what}: dtype of the result: ${y.dtype}`);
  const ref = refOf(row, y.dtype === "bool" ? wrong : y.dtype);
  await compare(what, y, ref(...arrays), toleranceOf(row, y.dtype));
}
