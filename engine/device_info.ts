import type { Tuner } from "./tune.ts";

/** What the adapter says of itself. */
export interface DeviceInfo {
  readonly host: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Whether a processor does the work of a GPU. */
  readonly software: boolean;
}

/** Use of the device's memory at one moment. */
export interface MemoryUse {
  /** Tensor handles alive, views included. */
  readonly tensors: number;
  /** Bytes of storage in use, in size classes of the pool. */
  readonly live: number;
  /** Bytes kept for reuse. */
  readonly pooled: number;
  /** Most `live` bytes there have been. */
  readonly peak: number;
}

/** How a device is set up. */
export interface DeviceSettings {
  /** Whether `close` destroys the GPU device. Default true. */
  readonly owned?: boolean;
  /** Whether to remember where tensors were made. Default false. */
  readonly debug?: boolean;
  /** Whether results wait, to be computed in chains. Default true. */
  readonly fusion?: boolean;
  /** Chooses kernels by timing them. */
  readonly tuner?: Tuner | undefined;
}
