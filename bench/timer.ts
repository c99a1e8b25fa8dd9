// Clocks: the device's own where it has one, else the host's.

import { type Device, profile } from "../autograd/index.ts";

/** Time of a piece of work. */
export interface Timed {
  /** Milliseconds from first to last, as far as the clock sees. */
  readonly ms: number;
  /** Milliseconds in which the host recorded and sent the work; NaN where it was slowed down. */
  readonly hostMs: number;
}

/** A way to time work that is recorded on a device. */
export interface Timer {
  readonly kind: "gpu" | "wall";
  /** @param work synchronous; records what is timed */
  time(work: () => void): Promise<Timed>;
}

/** The part of a device that a clock on the host needs. */
export type Waits = Pick<Device, "flush" | "idle">;

/**
 * Times work by the host's clock, from the first call to the end of the last dispatch.
 *
 * @param now milliseconds
 */
export function wallTimer(device: Waits, now: () => number = () => performance.now()): Timer {
  return {
    kind: "wall",
    time: async (work) => {
      await device.idle();
      const start = now();
      work();
      device.flush();
      const sent = now();
      await device.idle();
      return { ms: now() - start, hostMs: sent - start };
    },
  };
}

/** Times work by the device's clock: the sum over its dispatches, without the gaps between. */
export function gpuTimer(device: Device): Timer {
  return {
    kind: "gpu",
    // A profile gives each dispatch a pass of its own, so the host's time is not the usual one.
    time: async (work) => ({ ms: (await profile(device, work)).milliseconds, hostMs: NaN }),
  };
}

/** The best clock of a device. */
export function timerFor(device: Device): Timer {
  return device.features.has("timestamp-query") ? gpuTimer(device) : wallTimer(device);
}
