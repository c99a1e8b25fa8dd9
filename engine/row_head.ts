import plainText from "../kernels/epilogue.wgsl" with { type: "text" };
import matrixText from "../kernels/matrix.wgsl" with { type: "text" };
import finishedF32Text from "../kernels/row/finished.f32.wgsl" with { type: "text" };
import finishedVec4Text from "../kernels/row/finished.vec4.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { checkWords } from "./dtype.ts";
import { type Strides, epilogueBindings, epilogueName, epilogueWords, extraAlias, stridesOfMatrix }
  from "./fusion/epilogue.ts";
import type { Epilogue, Head, HeadResult } from "./fusion/head.ts";
import type { Source } from "./fusion/pending.ts";
import { programKey } from "./fusion/program.ts";
import { foldGrid } from "./grid.ts";
import type { KernelSource } from "./pipeline.ts";
import { type RowKernel, type RowWay, keyOf, rowText, rowsOf, wayOf } from "./rows.ts";
import { type Layout, type Shape, checkShape, rowMajor, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { checkOneDevice, isWorthJoining, sourcesOf, waitFor } from "./waiting.ts";

/**
 * A row kernel whose result goes through an epilogue. Beside what `RowKernel` asks for, its text
 * stores `finished(r, i, pack)`, or `epilogue(ONLY, r, 0u, r, number)` where a row has one result;
 * its `Params` end with `zero: u32, extra: Extra`; and it leaves their binding to the engine.
 */
export type FinishedRowKernel = Omit<RowKernel, "faults">;

/**
 * Runs a row kernel, or lets it wait for what is done to the elements of its result.
 *
 * @param inputs contiguous, any offset; the first one's rows are those of the kernel
 * @param shape of the result, f32: a number or a row for each row
 * @param params words after the number of rows; the first is the width of a row
 * @returns a new contiguous tensor
 * @throws DtypeError for halves; ShapeError; GpuError if the result is too large for the adapter;
 *   Error across devices; DisposedError
 */
export function rowResult(
  kernel: FinishedRowKernel, inputs: readonly Tensor[], shape: Shape, params: readonly number[],
): Tensor {
  const { name } = kernel;
  const [{ device }] = inputs as readonly [Tensor]; // a row kernel has an input
  checkOneDevice(name, inputs);
  checkWords(name, inputs);
  if (sizeOf(shape) === 0) return device.empty(name, shape, "f32");
  device.check(name);
  checkShape(name, shape);
  const sources = sourcesOf(name, inputs);
  const { rows } = rowsOf(inputs[0] as Tensor); // see above
  const head = new RowHead(device, kernel, sources, shape, rows, params);
  const waits = isWorthJoining(device, sizeOf(shape));
  return waitFor(device, head, sources, shape, "f32", waits);
}

/** A row kernel that waits. */
class RowHead implements Head {
  readonly shape: Shape;
  readonly bindings: number;
  readonly words: number;
  readonly #device: Device;
  readonly #kernel: FinishedRowKernel;
  readonly #sources: readonly Source[];
  readonly #way: RowWay;
  readonly #params: readonly number[];

  constructor(
    device: Device, kernel: FinishedRowKernel, sources: readonly Source[], shape: Shape,
    rows: number, params: readonly number[],
  ) {
    this.#device = device;
    this.#kernel = kernel;
    this.#sources = sources;
    const out = { shape, strides: rowMajor(shape), offset: 0 };
    this.#way = wayOf(device, [...sources.map(({ layout }) => layout), out], rows, params[0]);
    this.shape = [rows, sizeOf(shape) / rows];
    this.bindings = sources.length + 1;
    const own = [rows, ...params, 0]; // the 0 is for seals
    this.words = Math.ceil(own.length / 4) * 4;
    this.#params = [...own, ...Array<number>(this.words - own.length).fill(0)].map((w) => w >>> 0);
  }

  plan(leaves: readonly Layout[]): (result: HeadResult) => void {
    const places = leaves.map(stridesOfMatrix);
    return (result) => this.#record(places, result);
  }

  #record(leaves: readonly Strides[], { target, epilogue }: HeadResult): void {
    const { kernels, recorder } = this.#device;
    const after = epilogue ? programKey(epilogue.program) : "";
    const key = `${keyOf(this.#kernel, this.#way)} ${after}`;
    const buffers = this.#sources.map(({ storage }) => storage.buffer);
    recorder.record({
      kernel: kernels.get(key, () => this.#source(epilogue)),
      buffers: [...buffers, target, ...epilogue?.buffers ?? []],
      params: [...this.#params, ...epilogueWords(leaves, epilogue?.constants ?? [])],
      grid: foldGrid(Math.ceil((this.shape[0] ?? 0) / this.#way.each)),
    });
  }

  #source(epilogue: Epilogue | undefined): KernelSource {
    const text = rowText(this.#kernel, this.#way);
    const { program, writer } = epilogue ?? {};
    const bindings = epilogueBindings(program);
    const after = program && writer
      ? [writer.epilogue(program, this.bindings), writer.chain([program], text)] : [plainText];
    return {
      name: `${this.#kernel.name}${epilogueName(program)}`,
      code: [
        text, extraAlias(program), matrixText, this.#way.vec4 ? finishedVec4Text : finishedF32Text,
        `@group(0) @binding(${this.bindings + bindings.length}) var<uniform> p: Params;`, ...after,
      ].join("\n"),
      bindings: `${"r".repeat(this.bindings - 1)}w${bindings}`,
    };
  }
}
