// Small ONNX models written by hand, as protocol buffers. Field numbers are those of onnx.proto3,
// IR version 8.

/** A value of an operator's attribute: a float, whole numbers, or a text. */
export type Attribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

/** One operator of a graph. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A named float32 tensor that goes in or comes out. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A constant of the graph; whole numbers are int64, others float32. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly whole?: boolean;
}

/** A graph, its nodes in the order in which they run. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants?: readonly Constant[];
  readonly nodes: readonly Node[];
}

const IR_VERSION = 8;
const OPSET = 17;
const [FLOAT, INT64] = [1, 7];
const ATTRIBUTE_TYPES = { float: 1, int: 2, text: 3, ints: 7 } as const;

type Bytes = readonly number[];

/** The bytes of a model that holds one graph. */
export function onnxModel(graph: Graph): Uint8Array {
  const opset = whole(2, OPSET); // of the default domain
  return Uint8Array.from([
    ...whole(1, IR_VERSION), ...message(7, graphBytes(graph)), ...message(8, opset),
  ]);
}

function graphBytes({ inputs, outputs, constants = [], nodes }: Graph): Bytes {
  return [
    ...nodes.flatMap((node) => message(1, nodeBytes(node))),
    ...text(2, "graph"),
    ...constants.flatMap((constant) => message(5, constantBytes(constant))),
    ...inputs.flatMap((value) => message(11, valueBytes(value))),
    ...outputs.flatMap((value) => message(12, valueBytes(value))),
  ];
}

function nodeBytes({ op, inputs, output, attributes = {} }: Node): Bytes {
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...text(2, output), ...text(3, output), ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => {
      return message(5, attributeBytes(name, value));
    }),
  ];
}

function attributeBytes(name: string, value: Attribute): Bytes {
  const [kind] = Object.keys(value) as [keyof typeof ATTRIBUTE_TYPES];
  return [...text(1, name), ...payload(value), ...whole(20, ATTRIBUTE_TYPES[kind])];
}

function payload(value: Attribute): Bytes {
  if ("float" in value) return [...tag(2, 5), ...floatBytes(value.float)];
  if ("int" in value) return whole(3, value.int);
  if ("text" in value) return text(4, value.text);
  return value.ints.flatMap((int) => whole(8, int));
}

function valueBytes({ name, shape }: Value): Bytes {
  const dims = shape.flatMap((size) => message(1, whole(1, size)));
  const tensor = [...whole(1, FLOAT), ...message(2, dims)];
  return [...text(1, name), ...message(2, message(1, tensor))];
}

function constantBytes({ name, shape, data, whole: isWhole = false }: Constant): Bytes {
  const values = isWhole
    ? data.flatMap((value) => whole(7, value))
    : message(4, data.flatMap(floatBytes));
  return [
    ...shape.flatMap((size) => whole(1, size)),
    ...whole(2, isWhole ? INT64 : FLOAT), ...values, ...text(8, name),
  ];
}

/** The key before a field's value: its number and how it is written. */
function tag(field: number, wire: 0 | 2 | 5): Bytes {
  return varint(BigInt(field * 8 + wire));
}

function whole(field: number, value: number): Bytes {
  return [...tag(field, 0), ...varint(BigInt.asUintN(64, BigInt(value)))];
}

function message(field: number, bytes: Bytes): Bytes {
  return [...tag(field, 2), ...varint(BigInt(bytes.length)), ...bytes];
}

function text(field: number, value: string): Bytes {
  return message(field, [...new TextEncoder().encode(value)]);
}

/** Seven bits a byte, the lowest first; the high bit says that more follow. */
function varint(value: bigint): Bytes {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 127n);
    if (rest < 128n) return [...bytes, low];
    bytes.push(low + 128);
  }
}

function floatBytes(value: number): number[] {
  return [...new Uint8Array(new Float32Array([value]).buffer)]; // every host is little-endian
}
