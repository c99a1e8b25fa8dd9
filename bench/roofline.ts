// What the adapter can do at best, measured in the same run: how fast a copy moves bytes, and how
// fast a large product computes.

import { type Device, GpuError, evaluate, matmul, normal, openScope, rng, scope } from
  "../autograd/index.ts";
import { contiguousCopy } from "../engine/index.ts";
import { type Bench, type Size, type Work, bench } from "./harness.ts";
import { map64, product64 } from "./reference.ts";
import { wallTimer } from "./timer.ts";

/** The two best rates. */
export interface Roofline {
  readonly gflops: number;
  readonly gbps: number;
}

/** How near a case comes to what the roofline allows it. */
export interface Share {
  /** 1 for as fast as the roofline; above 1 for work that stays in a cache. */
  readonly share: number;
  /** What limits it. */
  readonly bound: "compute" | "memory";
}

type Cost = Pick<Work, "flop" | "bytes">;

/** Milliseconds at the best rates: of arithmetic or of traffic, whichever takes longer. */
export function bestMs({ flop, bytes }: Cost, { gflops, gbps }: Roofline): number {
  return Math.max(flop / gflops, bytes / gbps) / 1e6;
}

/** The share of the roofline that work reaches which takes so many milliseconds. */
export function shareOf(cost: Cost, ms: number, roofline: Roofline): Share {
  const computes = cost.flop / roofline.gflops >= cost.bytes / roofline.gbps;
  return { share: bestMs(cost, roofline) / ms, bound: computes ? "compute" : "memory" };
}

/** The copy that bandwidth is measured by; sizes in elements. */
export const copyBench: Bench = /* @__PURE__ */ bench(
  "roofline copy", { sizes: [2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26] }, (n) => {
    const x = normal(rng(1), [n]);
    return {
      run: () => contiguousCopy(x), flop: 0, bytes: 8 * n,
      expected: () => map64([x], (value) => value),
    };
  },
);

/** The product that arithmetic is measured by. */
export const productBench: Bench = /* @__PURE__ */ bench(
  "roofline matmul", { sizes: [256, 512, 1024, 2048, 4096] }, (n) => {
    const [a, b] = [normal(rng(1), [n, n]), normal(rng(2), [n, n])];
    return {
      run: () => matmul(a, b), flop: 2 * n ** 3, bytes: 12 * n * n,
      expected: () => product64(a, b),
    };
  },
);

/**
 * The first of a reference's sizes whose run takes so long: past the cost of a launch and the
 * reach of a cache, but bearable on a software adapter.
 *
 * @param ms a run, at least
 * @returns the largest size that the adapter can hold, if none takes so long
 * @throws GpuError if it cannot hold even the smallest
 */
export async function referenceSize(
  device: Device, { sizes, make }: Bench, ms: number,
): Promise<Size> {
  let held: Size | undefined;
  for (const size of sizes) {
    try {
      const time = await timeOfRun(device, () => make(size));
      held = size;
      if (time >= ms) break;
    } catch (error) {
      if (held === undefined || !(error instanceof GpuError)) throw error;
      break; // too large for the adapter
    }
  }
  return held ?? 0;
}

/** Milliseconds of the second run; the first one compiles. */
async function timeOfRun(device: Device, make: () => Work): Promise<number> {
  const owner = openScope();
  try {
    const { run } = make();
    const timer = wallTimer(device);
    const once = () => evaluate(scope(run)).dispose();
    await timer.time(once);
    return (await timer.time(once)).ms;
  } finally {
    owner.close();
    device.trim();
  }
}
