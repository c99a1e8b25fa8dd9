import type { Device } from "./device.ts";
import type { Choice } from "./matmul/choose.ts";
import type { Problem } from "./matmul/problem.ts";
export interface Tuner { choice(device: Device, problem: Problem): Choice | undefined; }
