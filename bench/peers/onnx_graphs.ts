// The tasks as ONNX graphs.

import type { Forward } from "./contestant.ts";
import { MUON } from "./settings.ts";
import type { Constant, Graph, Node } from "./onnx.ts";

/** A graph with its nodes, and the shape of its output `y`. */
export interface Made {
  readonly graph: Pick<Graph, "nodes" | "constants">;
  readonly shape: readonly number[];
}

/** The graph of a task, from its inputs `x0`, `x1`, .. to its result `y`. */
export function graphOf({ kind, inputs }: Forward): Made {
  const [first = [], second = []] = inputs.map(({ shape }) => shape);
  const [batch = 0, , ...sides] = first;
  switch (kind) {
    case "matmul": return {
      graph: single("MatMul", 2), shape: [...first.slice(0, -1), second.at(-1) ?? 0],
    };
    case "fma": return { graph: fma(), shape: first };
    case "chain": return { graph: chain(), shape: first };
    case "sum": return { graph: single("ReduceSum", 1, { keepdims: { int: 0 } }), shape: [] };
    case "softmax": return { graph: single("Softmax", 1, { axis: { int: -1 } }), shape: first };
    case "conv": return {
      graph: single("Conv", 2, { pads: { ints: [1, 1, 1, 1] }, kernel_shape: { ints: [3, 3] } }),
      shape: [batch, second[0] ?? 0, ...sides],
    };
    case "sign": return { graph: newtonSchulz(first), shape: first };
  }
}

/** One operator of the first inputs. */
function single(op: string, count: number, attributes: Node["attributes"] = {}): Made["graph"] {
  const inputs = Array.from({ length: count }, (_, i) => `x${i}`);
  return { nodes: [{ op, inputs, output: "y", attributes }] };
}

function fma(): Made["graph"] {
  return { nodes: [
    { op: "Mul", inputs: ["x0", "x1"], output: "product" },
    { op: "Add", inputs: ["product", "x2"], output: "y" },
  ] };
}

function number(name: string, value: number): Constant {
  return { name, shape: [], data: [value] };
}

function chain(): Made["graph"] {
  const nodes: Node[] = [
    { op: "Mul", inputs: ["x0", "half"], output: "halved" },
    { op: "Mul", inputs: ["halved", "halved"], output: "squared" },
    { op: "Add", inputs: ["squared", "one"], output: "more" },
    { op: "Sqrt", inputs: ["more"], output: "root" },
    { op: "Neg", inputs: ["root"], output: "negative" },
    { op: "Exp", inputs: ["negative"], output: "power" },
    { op: "Mul", inputs: ["power", "three"], output: "tripled" },
    { op: "Sub", inputs: ["tripled", "one"], output: "y" },
  ];
  return { nodes, constants: [number("half", 0.5), number("one", 1), number("three", 3)] };
}

/** Alpha and beta of Gemm for one matrix, operators apart for a stack. */
function newtonSchulz(shape: readonly number[]): Made["graph"] {
  const [rows = 0, columns = 0] = shape.slice(-2);
  const nodes: Node[] = [
    { op: "Mul", inputs: ["x0", "x0"], output: "squares" },
    { op: "ReduceSum", inputs: ["squares", "sides"], output: "total" },
    { op: "Sqrt", inputs: ["total"], output: "norm" },
    { op: "Div", inputs: ["x0", "norm"], output: "unit" },
  ];
  const constants: Constant[] = [
    { name: "sides", shape: [2], data: [shape.length - 2, shape.length - 1], whole: true },
  ];
  const isTall = rows > columns;
  if (isTall) nodes.push(turn(shape.length, "unit", "0.x"));
  MUON.steps.forEach((coefficients, i) => {
    const x = i === 0 && !isTall ? "unit" : `${i}.x`;
    const next = i === MUON.steps.length - 1 && !isTall ? "y" : `${i + 1}.x`;
    const step = shape.length === 2 ? gemmStep : plainStep;
    const made = step({ i, x, next, rank: shape.length }, coefficients);
    nodes.push(...made.nodes);
    constants.push(...made.constants ?? []);
  });
  if (isTall) nodes.push(turn(shape.length, `${MUON.steps.length}.x`, "y"));
  return { nodes, constants };
}

function turn(rank: number, input: string, output: string): Node {
  const axes = Array.from({ length: rank }, (_, i) => i);
  const perm = { ints: [...axes.slice(0, -2), rank - 1, rank - 2] };
  return { op: "Transpose", inputs: [input], output, attributes: { perm } };
}

interface Place {
  readonly i: number;
  readonly x: string;
  readonly next: string;
  readonly rank: number;
}

type Coefficients = readonly [number, number, number];

function gemmStep({ i, x, next }: Place, [a, b, c]: Coefficients): Made["graph"] {
  const [gram, inner] = [`${i}.gram`, `${i}.inner`];
  const gemm = (
    inputs: readonly string[], output: string, attributes: NonNullable<Node["attributes"]>,
  ): Node => ({ op: "Gemm", inputs, output, attributes });
  return { nodes: [
    gemm([x, x], gram, { transB: { int: 1 } }),
    gemm([gram, gram, gram], inner, { alpha: { float: c }, beta: { float: b } }),
    gemm([inner, x, x], next, { beta: { float: a } }),
  ] };
}

function plainStep({ i, x, next, rank }: Place, [a, b, c]: Coefficients): Made["graph"] {
  const name = (part: string): string => `${i}.${part}`;
  const node = (op: string, inputs: readonly string[], output: string): Node => {
    return { op, inputs, output };
  };
  const nodes = [
    turn(rank, x, name("turned")),
    node("MatMul", [x, name("turned")], name("gram")),
    node("MatMul", [name("gram"), name("gram")], name("square")),
    node("Mul", [name("gram"), name("b")], name("linear")),
    node("Mul", [name("square"), name("c")], name("quadratic")),
    node("Add", [name("linear"), name("quadratic")], name("inner")),
    node("MatMul", [name("inner"), x], name("product")),
    node("Mul", [x, name("a")], name("scaled")),
    node("Add", [name("scaled"), name("product")], next),
  ];
  return { nodes, constants: [number(name("a"), a), number(name("b"), b), number(name("c"), c)] };
}
