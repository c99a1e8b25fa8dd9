// How the results of a convolution kernel, rows by columns, are dealt out to threads.

import dataText from "../kernels/conv/data.wgsl" with { type: "text" };
import weightText from "../kernels/conv/weight.wgsl" with { type: "text" };
import type { Device } from "./device.ts";
import { foldGrid } from "./grid.ts";
import type { Tensor } from "./tensor.ts";
import { sharingMarks, unrollMarks } from "./unroll.ts";

/** A part of the results for each thread, and how it adds them up. */
export interface Tile {
  /** Rows and columns a thread computes. */
  readonly each: readonly [number, number];
  /** Threads of a workgroup along columns and rows. */
  readonly group: readonly [number, number];
  /** Lanes that load rows for each other; 1 for none. */
  readonly lanes: number;
  /** Terms of a sum added a turn of the loop: a divisor of those of a run. */
  readonly depth: number;
  /** Workgroups along columns and rows. */
  readonly across: number;
  readonly down: number;
}

type Form = Pick<Tile, "each" | "group" | "lanes" | "depth">;

/** What is to be dealt out. */
export interface Work {
  readonly rows: number;
  readonly columns: number;
  /** Terms of a sum that lie side by side for a kernel. */
  readonly run: number;
  /** Products in all. */
  readonly products: number;
}

/**
 * Tiles in registers, by the kind of the device, and as large as there are rows and columns to fill
 * them.
 */
export function chooseTile(device: Device, work: Work): Tile {
  const form = formFor(device, work);
  const { each: [high, wide], group: [lanes, lanesDown] } = form;
  const across = Math.ceil(work.columns / (wide * lanes));
  const down = Math.ceil(work.rows / (high * lanesDown));
  return { ...form, across, down };
}

function formFor({ matmuls, info }: Device, work: Work): Form {
  const { kind, subgroup } = matmuls.traits;
  const lanes = kind === "narrow" ? 4 : 8;
  const shared = kind !== "gpu" && subgroup >= lanes && work.rows > lanes / 2;
  return shared ? forProcessor(lanes, work) : plain(work, info.software);
}

/** Products from which a tile that takes twice as long to compile pays. */
const HEAVY = 2 ** 25;

/**
 * By what `forNarrow` and `forWide` of matmul say: on SwiftShader (four lanes) loads are dear, and
 * so are assignments; on llvmpipe loads are, and so is a long text.
 */
function forProcessor(lanes: 4 | 8, { rows, columns, run, products }: Work): Form {
  const [narrow, heavy] = [lanes === 4, products >= HEAVY];
  const tall = rows > 16 && (!narrow || (heavy && Math.ceil(rows / 16) % 2 === 0));
  const high = tall ? 32 : rows > 8 ? 16 : rows > 4 ? 8 : 4;
  const wide = columns > 4 * lanes && (narrow || heavy || !tall) ? 8 : 4;
  const depth = [4, 3, 2].find((terms) => narrow && run % terms === 0) ?? 1;
  return { each: [high, wide], group: [lanes, 1], lanes, depth };
}

/** Any device: nothing shared between lanes. */
function plain({ rows, columns }: Work, software: boolean): Form {
  const high = rows >= 8 ? 8 : rows >= 3 ? 4 : 1;
  const lanesDown = rows > high ? 4 : 1;
  const widest = software ? 8 : 4;
  const wide = columns >= 64 / lanesDown * widest ? widest : 1;
  const lanes = wide === 1 && columns <= 16 ? 16 : 64 / lanesDown;
  return { each: [high, wide], group: [lanes, lanesDown], lanes: 1, depth: 1 };
}

const TEXTS = { data: dataText, weight: weightText } as const;

/** Computes `out` by tiles, `copies` times as many as cover rows and columns. */
export function dispatchTiles(
  op: string, name: keyof typeof TEXTS, tile: Tile, copies: number, inputs: readonly Tensor[],
  out: Tensor, params: readonly number[],
): void {
  const { each: [TM, TN], group: [WX, WY], lanes: LANES, depth: DEPTH } = tile;
  const sizes = { TM, TN, WX, WY, LANES, DEPTH };
  const key = `conv.${name}.${Object.values(sizes).join("x")}`;
  const kernel = out.device.kernels.get(key, () => {
    const shared = Number(LANES > 1);
    const rolled = Number(out.device.info.software); // less to compile
    const prelude = Object.entries(sizes).map(([k, value]) => `const ${k} = ${value}u;`);
    const body = unrollMarks(TEXTS[name], {
      ...sharingMarks(LANES), $r: rolled, $u: 1 - rolled,
      $i: TM / LANES, $l: LANES, $j: TN, $q: DEPTH,
    });
    return {
      name: key, code: [shared ? "enable subgroups;" : "", ...prelude, body].join("\n"),
      bindings: `${"r".repeat(inputs.length)}w`,
    };
  });
  const buffers = [...inputs, out].map((t) => t.storage(op).buffer);
  const grid = foldGrid(tile.across * tile.down * copies);
  out.device.dispatch({ kernel, buffers, params: params.map((word) => word >>> 0), grid });
}
