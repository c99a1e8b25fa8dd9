// programs.json, each written out by hand from its `attrs.expr`.

import {
  add, matmul, mean, mul, scale, square, sub, sum, tanh, tensor, transpose,
} from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import type { OpRow, Tensors } from "./op_rows.ts";

function input(inputs: Tensors, name: string): Tensor {
  const found = inputs[name];
  if (found === undefined) throw new Error(`fixture: there is no input "${name}".`);
  return found;
}

function identity(n: number): Tensor {
  const data = Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));
  return tensor(data, { shape: [n, n] });
}

/** Every program, by its name in the file. */
export const programRows: Readonly<Record<string, OpRow>> = {
  compose_mlp: (inputs) => {
    const hidden = tanh(matmul(input(inputs, "x"), transpose(input(inputs, "w1"))));
    return mean(square(matmul(hidden, transpose(input(inputs, "w2")))));
  },
  compose_reuse: (inputs) => {
    const x = input(inputs, "x");
    const gram = matmul(x, transpose(x));
    const trace = sum(mul(gram, identity(x.shape[0] ?? 0)));
    return add(mul(sum(add(mul(x, x), x)), mean(x)), trace);
  },
  compose_poly: (inputs) => {
    const x = input(inputs, "x");
    return sub(scale(x, 1.5), scale(matmul(matmul(x, transpose(x)), x), 0.5));
  },
};
