// Counts what every library sends to the GPU.

/** The part of a compute pass that starts work. */
export interface Passes {
  dispatchWorkgroups(...size: number[]): void;
  dispatchWorkgroupsIndirect(buffer: GPUBuffer, offset: number): void;
}

/** A counter that only grows. */
export interface DispatchCounter {
  readonly count: number;
}

/**
 * Counts the dispatches of all compute passes from now on.
 *
 * @param passes what all passes inherit their methods from
 */
export function countDispatches(passes: Passes): DispatchCounter {
  const counter = { count: 0 };
  const { dispatchWorkgroups, dispatchWorkgroupsIndirect } = passes;
  passes.dispatchWorkgroups = function counted(this: Passes, ...size) {
    counter.count++;
    dispatchWorkgroups.apply(this, size);
  };
  passes.dispatchWorkgroupsIndirect = function counted(this: Passes, buffer, offset) {
    counter.count++;
    dispatchWorkgroupsIndirect.call(this, buffer, offset);
  };
  return counter;
}
