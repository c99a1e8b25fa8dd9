// Networks in float64: their gradients against differences of their values.

import * as assert from "uvu/assert";
import { attention64 } from "../../bench/peers/attention64.ts";
import { spread } from "../../bench/peers/dense.ts";
import { type Node64, add64, addProduct64, backward64, crossEntropy64, layerNorm64, leaf64,
  linear64, map64, meanSquare64, rows64, transposed64 } from "../../bench/peers/tape64.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("bench:peers float64", { device: false });

const STEP = 1e-5;

/** Compares the gradients of a scalar by all its inputs with central differences. */
function checkGradients(
  shapes: readonly (readonly number[])[], f: (...inputs: Node64[]) => Node64,
): void {
  const data = shapes.map((shape, i) => Float64Array.from(spread(i + 1, shape).data));
  const leaves = (): Node64[] => shapes.map((shape, i) => leaf64(shape, data[i] ?? []));
  const value = (): number => f(...leaves()).data[0] ?? NaN;
  const inputs = leaves();
  backward64(f(...inputs));
  data.forEach((numbers, i) => {
    const slopes = Array.from(numbers, (x, k) => {
      const [above, below] = [STEP, -STEP].map((h) => {
        numbers[k] = x + h;
        return value();
      }) as [number, number];
      numbers[k] = x;
      return (above - below) / (2 * STEP);
    });
    // central differences are off by the third derivative times the step squared
    assertClose(inputs[i]?.grad ?? [], slopes, { rtol: 1e-6, atol: 1e-8 });
  });
}

test("a product adds to what is there, whatever the sides", () => {
  const c = Float64Array.of(1, 0, 0, 1);
  const a = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  addProduct64(c, a, Float64Array.of(1, 0, 0, 1, 1, 0, 0, 1, 1, 1), { m: 2, k: 5, n: 2 });

  assert.equal([...c], [1 + 9, 11, 24, 1 + 23 + 3]);
  assert.equal([...transposed64(Float64Array.of(1, 2, 3, 4, 5, 6), 2, 3)], [1, 4, 2, 5, 3, 6]);
});

test("linear layers, functions of elements and sums", () => {
  checkGradients([[3, 5], [5, 2], [2]], (x, w, bias) => {
    const h = map64(linear64(x as Node64, w as Node64, bias), Math.tanh, (v) => {
      return 1 - Math.tanh(v) ** 2;
    });
    return meanSquare64(add64(h, bias as Node64), [1, 2, 3, 4, 5, 6]);
  });
});

test("rows of a table, layer norm and cross-entropy", () => {
  checkGradients([[4, 6], [6], [6]], (table, gain, offset) => {
    const x = rows64(table as Node64, [1, 3, 1], [3]);
    return crossEntropy64(layerNorm64(x, gain as Node64, offset as Node64), [5, 0, 2]);
  });
});

test("causal attention", () => {
  checkGradients([[2, 3, 12]], (qkv) => {
    return meanSquare64(attention64(qkv as Node64, 2), spread(9, [24]).data);
  });
});

test("a query sees no later key", () => {
  const data = spread(1, [1, 3, 6]).data;
  const before = attention64(leaf64([1, 3, 6], data), 1).data.slice(0, 4);
  data.fill(9, 12); // the last token
  const after = attention64(leaf64([1, 3, 6], data), 1).data;

  assert.equal([...after.slice(0, 4)], [...before]);
  assert.not.equal([...after.slice(4)], [...before.slice(2)]);
});

test.run();
