import faultText from "../kernels/fault.wgsl" with { type: "text" };
import groupText from "../kernels/row/group.wgsl" with { type: "text" };
import groupsText from "../kernels/row/groups.wgsl" with { type: "text" };
import lanesText from "../kernels/row/lanes.wgsl" with { type: "text" };
import nanMaxText from "../kernels/row/nan_max.wgsl" with { type: "text" };
import packF32Text from "../kernels/row/pack.f32.wgsl" with { type: "text" };
import packVec4Text from "../kernels/row/pack.vec4.wgsl" with { type: "text" };
import soloText from "../kernels/row/solo.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { type DeviceKind, kindOf } from "./device_kind.ts";
import { contiguousCopy } from "./elementwise.ts";
import { foldGrid } from "./grid.ts";
import { type Layout, at, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import { boundBuffers } from "./threads.ts";
import { unroll } from "./unroll.ts";

/** A kernel that works on whole rows of its inputs. */
export interface RowKernel {
  readonly name: string;
  /**
   * WGSL that declares the bindings, `Params` (first `rows: u32`) and `fn row(r: u32, lane: u32)`:
   * lanes `lane`, `lane + WG`, .. take the packs of a row, see kernels/row/pack.vec4.wgsl. Lines
   * with the mark `$i` are repeated for each of RUN packs that a lane takes at once.
   */
  readonly wgsl: string;
  /** Switches set by `const NAME = true/false;`. */
  readonly switches?: Readonly<Record<string, boolean>>;
  /** As of a `ThreadKernel`. */
  readonly faults?: boolean;
}

/** Fewest threads of a workgroup in which several rows are taken. */
const GROUP = 64;

/**
 * Runs a row kernel: a workgroup or part of one, or where that is cheaper a thread, for each of
 * `rows` rows.
 *
 * @param inputs read bindings in order; contiguous, any offset
 * @param params words after `rows`; the first is the width of a row
 */
export function runRows(
  kernel: RowKernel, inputs: readonly Tensor[], out: Tensor, rows: number,
  params: readonly number[],
): void {
  if (rows === 0) return;
  const { device } = out;
  const way = wayOf(device, [...inputs, out].map(({ layout }) => layout), rows, params[0]);
  const compiled = device.kernels.get(keyOf(kernel, way), () => ({
    name: kernel.name,
    code: [rowText(kernel, way), kernel.faults ? faultText : ""].join("\n"),
    bindings: "r".repeat(inputs.length) + (kernel.faults ? "ww" : "w"),
  }));
  device.dispatch({
    kernel: compiled,
    buffers: boundBuffers(kernel, [...inputs, out], device),
    params: [rows, ...params].map((w) => w >>> 0),
    grid: foldGrid(Math.ceil(rows / way.each)),
  });
}

/** How rows are spread over threads. */
export interface RowWay {
  readonly lanes: number;
  /** Rows of a workgroup. */
  readonly each: number;
  /** Packs that a lane takes at once. */
  readonly run: number;
  /** Whether neighbours are taken by four. */
  readonly vec4: boolean;
}

/**
 * How the rows of some tensors are spread.
 *
 * @param layouts of the inputs and of the result; those that are not of whole rows do not count
 */
export function wayOf(
  device: Device, layouts: readonly Layout[], rows: number, width = 1,
): RowWay {
  const whole = layouts.filter(({ shape }) => sizeOf(shape) === rows * width);
  const vec4 = width % 4 === 0 && whole.every(({ offset }) => offset % 4 === 0);
  return { ...spread(kindOf(device), rows, vec4 ? width / 4 : width), vec4 };
}

/** What the kernel of a way is kept by. */
export function keyOf({ name, switches = {} }: RowKernel, way: RowWay): string {
  const { lanes, each, run, vec4 } = way;
  return `${name}:${lanes}:${each}:${run}:${vec4}:${Object.values(switches).join()}`;
}

/** The text of a row kernel. */
export function rowText({ wgsl, switches = {} }: RowKernel, way: RowWay): string {
  const { lanes, each, run, vec4 } = way;
  return [
    ...Object.entries(switches).map(([name, on]) => `const ${name} = ${on};`),
    lanes === 1 ? soloFrame(each) : rowFrame(lanes, each), vec4 ? packVec4Text : packF32Text,
    `const RUN = ${run}u;`, unroll(wgsl, run, 1),
  ].join("\n");
}

/** WGSL around `fn row` for workgroups of so many rows, with so many lanes each. */
export function rowFrame(lanes: number, rows: number): string {
  const sizes = `const WG = ${lanes}u;\nconst SHARE = ${Math.min(lanes, 16)}u;`;
  const main = rows === 1 ? groupText : `const ROWS = ${rows}u;\n${groupsText}`;
  return [sizes, nanMaxText, lanesText, main].join("\n");
}

/** WGSL around `fn row` for a thread to each row. */
function soloFrame(rows: number): string {
  return `const WG = 1u;\nconst ROWS = ${rows}u;\n${nanMaxText}\n${soloText}`;
}

/**
 * Lanes to a row, rows to a workgroup, and packs that a lane takes at once. On a software adapter,
 * where a barrier costs more than the work, one lane, or a few if there are not enough rows; on
 * SwiftShader, where loops are dear, several packs.
 */
function spread(kind: DeviceKind, rows: number, packs: number) {
  const software = kind !== "gpu";
  const lanes = !software ? lanesFor(packs) : rows >= 8 || packs <= 8 ? 1 : 4;
  const run = kind === "narrow" && lanes === 1 && packs % 4 === 0 ? 4 : 1;
  if (lanes === 1) return { lanes, each: software && rows < 8 * GROUP ? 8 : GROUP, run };
  const many = Math.max(1, GROUP / lanes);
  return { lanes, each: rows % many === 0 ? many : 1, run };
}

/** Lanes of a GPU that a row of so many packs keeps busy with some each: a power of four. */
export function lanesFor(packs: number): number {
  return Math.min(256, 4 ** Math.max(0, Math.floor(Math.log2(packs) / 2 - 0.5)));
}

/** Runs `use` with contiguous forms of the tensors; copies made for it are freed. */
export function withContiguous<R>(tensors: readonly Tensor[], use: (list: Tensor[]) => R): R {
  const copies = tensors.map((t) => (t.contiguous ? t : contiguousCopy(t)));
  const result = use(copies);
  copies.forEach((copy, i) => {
    if (copy !== tensors[i]) copy.dispose();
  });
  return result;
}

/** The last axis of a tensor, and how many rows of it there are. */
export function rowsOf(t: Tensor): { rows: number; width: number } {
  const width = t.shape.length === 0 ? 1 : at(t.shape, t.shape.length - 1);
  return { rows: width === 0 ? 0 : t.size / width, width };
}
