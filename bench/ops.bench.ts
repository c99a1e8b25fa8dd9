// A line for every exported op, by its first row in tests/fixtures: the same call on inputs of the
// same form, grown until they have as many elements as the case's size.

import { type DType, type Shape, type Tensor, currentDevice, dispose, scope, tensor } from
  "../autograd/index.ts";
import { contiguousCopy } from "../engine/index.ts";
import { families } from "../tests/fixtures/families.ts";
import { callOf, nameOf } from "../tests/op_checks.ts";
import { drawInputs } from "../tests/op_inputs.ts";
import type { OpRow } from "../tests/op_rows.ts";
import { testRng } from "../tests/rng.ts";
import { type Bench, type Work, bench } from "./harness.ts";

/** Elements of all inputs together, at most. */
const ELEMENTS = 2 ** 20;

function elements(shapes: readonly Shape[]): number {
  return shapes.reduce((n, shape) => n + shape.reduce((size, d) => size * d, 1), 0);
}

/** The row's largest case, each axis longer than 1 made `factor` times as long. */
function grown(row: OpRow, factor: number): readonly Shape[] {
  const [largest = []] = [...row.shapes].sort((a, b) => elements(b) - elements(a));
  return largest.map((shape) => shape.map((d) => (d > 1 ? d * factor : d)));
}

function draw(row: OpRow, factor: number): Tensor[] {
  const dtype = row.dtypes?.[0] ?? "f32";
  return drawInputs(testRng(1), row, grown(row, factor), dtype).map((x, k) => {
    return tensor(x, { dtype: row.inputs[k]?.dtype ?? dtype });
  });
}

/** What one call makes of its inputs. */
interface Trial {
  readonly inputs: readonly Tensor[];
  readonly bytes: number;
  /** Whether it moved no data. */
  readonly view: boolean;
}

const bytesOf = (dtype: DType): number => (dtype === "f16" || dtype === "bf16" ? 2 : 4);

function tryRow(row: OpRow, factor: number): Trial {
  const inputs = draw(row, factor);
  try {
    return scope(() => {
      const before = currentDevice().counts.dispatches;
      const y = callOf(row, inputs);
      const bytes = [...inputs, y].reduce((n, t) => n + t.size * bytesOf(t.dtype), 0);
      return { inputs, bytes, view: currentDevice().counts.dispatches === before };
    });
  } catch (error) {
    dispose(inputs);
    throw error;
  }
}

/** The largest inputs that the call takes; a row whose sizes are fixed stays as it is. */
function growRow(row: OpRow, most: number): Trial {
  let best = tryRow(row, 1);
  for (let factor = 2; elements(grown(row, factor)) <= most; factor *= 2) {
    if (elements(grown(row, factor)) === elements(grown(row, 1))) break;
    let next: Trial;
    try {
      next = tryRow(row, factor);
    } catch {
      break; // the call names sizes of its own, or its result is too large
    }
    dispose(best.inputs);
    best = next;
    if (best.bytes > 4 * most * bytesOf("f32")) break; // a result far larger than the inputs
  }
  return best;
}

function rowWork(row: OpRow, most: number): Work {
  const { inputs, bytes, view } = growRow(row, most);
  // A view moves no data and takes no time on the device: what reads it does.
  const run = (): Tensor => {
    const y = callOf(row, inputs);
    return view ? contiguousCopy(y) : y;
  };
  return {
    run, flop: 0, bytes,
    // The tests compare ops with references; here the same call has to give the same again.
    expected: async () => {
      const y = scope(run);
      const again = await y.read();
      y.dispose();
      return (i) => again[i] ?? NaN;
    },
  };
}

/** The first row of each op that has inputs. */
function firstRows(): ReadonlyMap<string, OpRow> {
  const rows = new Map<string, OpRow>();
  for (const row of Object.values(families).flat()) {
    const name = nameOf(row);
    if (row.inputs.length > 0 && !rows.has(name)) rows.set(name, row);
  }
  return rows;
}

/** One bench for each op, by its name. */
export const opBenches: readonly Bench[] = /* @__PURE__ */ [...firstRows()].map(([name, row]) => {
  return bench(name, { sizes: [ELEMENTS] }, (most) => rowWork(row, most));
});
