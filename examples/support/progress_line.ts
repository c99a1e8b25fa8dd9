// The text of the progress line.

import { formatCount, formatDuration } from "./format.ts";

/** What the line shows. */
export interface Progress {
  /** Steps done, 1 to `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** The last one known. */
  readonly valLoss?: number | undefined;
  readonly unit: string;
  readonly perStep: number;
  readonly stepsPerSecond: number;
}

/**
 * One line: `step  120/600   loss 2.1034   val 2.2051   12.3k tokens/s   1 min 32 s left`. Its
 * parts keep their columns from step to step. The first step, which compiles the kernels, says
 * nothing about the time left.
 */
export function progressLine(p: Progress): string {
  const left = (p.steps - p.step) / p.stepsPerSecond;
  const parts = [
    `step ${String(p.step).padStart(String(p.steps).length)}/${p.steps}`,
    `loss ${p.loss.toFixed(4)}`,
    `val ${p.valLoss === undefined ? "     -" : p.valLoss.toFixed(4)}`,
    `${formatCount(p.stepsPerSecond * p.perStep).padStart(5)} ${p.unit}/s`,
    p.step >= p.steps ? "done" : p.step === 1 ? "compiled" : `${formatDuration(left)} left`,
  ];
  return parts.join("   ");
}
