// The bytes of small ONNX models, by the protocol buffers' rules and the field numbers of
// onnx.proto3.

import * as assert from "uvu/assert";
import { signTask } from "../../bench/peers/forward_cases.ts";
import { type Graph, onnxModel } from "../../bench/peers/onnx.ts";
import { graphOf } from "../../bench/peers/onnx_graphs.ts";
import { suite } from "../harness.ts";

const test = suite("bench:peers ONNX", { device: false });

/** A field with a length: its key, the length, the bytes. */
function field(number: number, ...bytes: readonly number[]): number[] {
  return [number * 8 + 2, bytes.length, ...bytes];
}

function letters(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

/** A float32 value of one axis. */
function value(name: string, size: number): number[] {
  const dims = field(1, 8, size);
  return [...field(1, ...letters(name)), ...field(2, ...field(1, 8, 1, ...field(2, ...dims)))];
}

test("a model of one operator", () => {
  const graph: Graph = {
    inputs: [{ name: "x", shape: [3] }], outputs: [{ name: "y", shape: [3] }],
    nodes: [{ op: "Neg", inputs: ["x"], output: "y" }],
  };
  const node = [field(1, 120), field(2, 121), field(3, 121), field(4, ...letters("Neg"))].flat();
  const bytes = [
    field(1, ...node), field(2, ...letters("graph")), field(11, ...value("x", 3)),
    field(12, ...value("y", 3)),
  ].flat();

  assert.equal([...onnxModel(graph)], [8, 8, ...field(7, ...bytes), ...field(8, 16, 17)]);
});

test("attributes and constants of all kinds, and numbers of several bytes", () => {
  const graph: Graph = {
    inputs: [], outputs: [],
    constants: [
      { name: "f", shape: [], data: [1] }, { name: "i", shape: [2], data: [-1, 300], whole: true },
    ],
    nodes: [{ op: "Op", inputs: [], output: "y", attributes: {
      a: { float: 1 }, b: { int: -1 }, c: { ints: [1, 2] }, d: { text: "s" },
    } }],
  };
  const [one, minus] = [[0, 0, 128, 63], [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]];
  const [kind, attribute] = [[160, 1], (...bytes: number[]) => field(5, ...bytes)];
  const node = [
    field(2, 121), field(3, 121), field(4, ...letters("Op")),
    attribute(...field(1, 97), 21, ...one, ...kind, 1),
    attribute(...field(1, 98), 24, ...minus, ...kind, 2),
    attribute(...field(1, 99), 64, 1, 64, 2, ...kind, 7),
    attribute(...field(1, 100), ...field(4, 115), ...kind, 3),
  ].flat();
  const bytes = [
    field(1, ...node), field(2, ...letters("graph")),
    field(5, 16, 1, ...field(4, ...one), ...field(8, 102)),
    field(5, 8, 2, 16, 7, 56, ...minus, 56, 172, 2, ...field(8, 105)),
  ].flat();

  assert.equal([...onnxModel(graph)], [8, 8, ...field(7, ...bytes), ...field(8, 16, 17)]);
});

test("Newton-Schulz goes by the shorter side and ends in y", () => {
  const operators = (rows: number, columns: number, batch?: number): string => {
    const { graph: { nodes }, shape } = graphOf(signTask(rows, columns, batch));
    assert.is(nodes.at(-1)?.output, "y");
    assert.equal(shape, batch ? [batch, rows, columns] : [rows, columns]);
    return nodes.slice(4).map(({ op }) => op).join(" ");
  };
  const [gemm, plain] = [
    "Gemm Gemm Gemm", "Transpose MatMul MatMul Mul Mul Add MatMul Mul Add",
  ].map((step) => Array(5).fill(step).join(" "));

  assert.is(operators(2, 4), gemm);
  assert.is(operators(4, 2), `Transpose ${gemm} Transpose`);
  assert.is(operators(2, 2, 3), plain);
});

test.run();
