// The cases by name. A task's inputs and float64 values are made when its turn comes.

import type { Task } from "./contestant.ts";
import { chainTask, convTask, fmaTask, matmulTask, signTask, softmaxTask, sumTask } from
  "./forward_cases.ts";
import { trainingTask } from "./models.ts";

/** One row of the table. */
export interface Case {
  readonly name: string;
  readonly make: () => Task;
}

const M = 2 ** 20;

function squares(sizes: readonly number[]): Case[] {
  return sizes.map((n) => ({ name: `matmul ${n}`, make: () => matmulTask([n, n, n]) }));
}

/** All cases, in the order in which they run. */
export const CASES: readonly Case[] = [
  ...squares([64, 128, 256, 512, 1024]),
  { name: "matmul 512x2048x512", make: () => matmulTask([512, 2048, 512]) },
  { name: "matmul 16x128x128", make: () => matmulTask([128, 128, 128], [16]) },
  { name: "a*b+c 4M", make: () => fmaTask(4 * M) },
  { name: "chain of 8 4M", make: () => chainTask(4 * M) },
  { name: "sum 4M", make: () => sumTask(4 * M) },
  { name: "softmax 4096x1024", make: () => softmaxTask(4096, 1024) },
  { name: "newton-schulz 256", make: () => signTask(256, 256) },
  { name: "newton-schulz 512", make: () => signTask(512, 512) },
  { name: "newton-schulz 256x1024", make: () => signTask(256, 1024) },
  { name: "newton-schulz 1024x128", make: () => signTask(1024, 128) },
  { name: "newton-schulz 24x128x128", make: () => signTask(128, 128, 24) },
  { name: "mlp step adam", make: () => trainingTask("mlp", "adam", 1e-3) },
  { name: "mlp step muon", make: () => trainingTask("mlp", "muon", 0.02) },
  { name: "gpt step adam", make: () => trainingTask("gpt", "adam", 1e-3) },
  { name: "conv 3x3", make: () => convTask({ batch: 8, into: 64, out: 64, side: 28 }) },
  { name: "tiny step sgd", make: () => trainingTask("tiny", "sgd", 0.1) },
];
