// The checks that come from a row of tests/fixtures/*.ts.

import * as assert from "uvu/assert";
import * as autograd from "../autograd/index.ts";
import { type DType, DtypeError, type Shape, type Tensor, tensor } from
  "../autograd/index.ts";
import { type Tolerance, assertClose } from "./close.ts";
import { type Setting, drawInputs, layInputs } from "./op_inputs.ts";
import type { OpRow } from "./op_rows.ts";
import { full64, map64, sizeOf } from "./reference.ts";
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
  return dtype === "f32" ? row.ref : row.refWhole ?? row.ref;
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
  const y = callOf(row, laid.map(({ tensor: t }) => t));
  const out = row.out ?? dtype;
  const what = describe(laid.map(({ array }) => array.shape), setting);
  const expected = output ?? refOf(row, dtype)(...laid.map(({ array }) => array));
  assert.is(y.dtype, out, `${what}: dtype of the result`);
  const wrapped = out === "u32" ? map64(expected, (v) => v >>> 0) : expected;
  await compare(what, y, wrapped, out === "f32" ? row : { rtol: 0, atol: 0 });
}

/** Values over all shapes and dtypes, row-major. */
export async function checkValues(row: OpRow, rng: TestRng): Promise<void> {
  const dtypes = row.dtypes ?? ["f32"];
  await Promise.all(dtypes.flatMap((dtype) => row.shapes.map((shapes) => {
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

/** Every input as a dtype that it must not have: DtypeError, naming op and dtype. */
export function checkDtypes(row: OpRow): void {
  const shapes = row.shapes.find((list) => list.every((s) => sizeOf(s) > 0)) ?? row.shapes[0] ?? [];
  const { inputs, dtypes = ["f32"] } = row;
  const name = row.says ?? nameOf(row);
  const good = (k: number): DType => inputs[k]?.dtype ?? dtypes[0] ?? "f32";
  const run = (typeOf: (k: number) => DType) => () => {
    callOf(row, shapes.map((s, k) => tensor(full64(s, 0), { dtype: typeOf(k) })));
  };
  for (const [k, input] of inputs.entries()) {
    const allowed = input.dtype ? [input.dtype] : dtypes;
    for (const wrong of DTYPES.filter((d) => !allowed.includes(d))) {
      const same = (i: number) => input.dtype === undefined && inputs[i]?.dtype === undefined;
      const message = `${name}: dtype not supported: ${wrong}. `
        + `Use ${allowed.join(" or ")}, or cast first.`;
      assert.throws(run((i) => (i === k || same(i) ? wrong : good(i))), (e: unknown) => {
        assert.instance(e, DtypeError);
        assert.is((e as DtypeError).message, message);
        return true;
      });
    }
  }
}
