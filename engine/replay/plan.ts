import type { Device } from "../device.ts";
import type { Kernel } from "../pipeline.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { PlanBuffers } from "./buffers.ts";
import { type Group, groupsOf } from "./groups.ts";
import type { PlanMemory } from "./memory.ts";
import { PlanParams } from "./params.ts";
import { type Launch, type Place, type Recording, Slot } from "./recording.ts";
import { type Result, rebuild, slotsOf } from "./results.ts";
import { redo } from "./work.ts";

/** A dispatch, ready to be encoded. */
interface Call {
  readonly kernel: Kernel;
  readonly group: Group;
  readonly offset: readonly [number];
  readonly grid: Launch["grid"];
}

/** The record of a step, to be done again with other arguments: without its code, in one submit. */
export class Plan {
  readonly #device: Device;
  readonly #recording: Recording;
  readonly #results: readonly Result[];
  readonly #buffers: PlanBuffers;
  readonly #params: PlanParams;
  readonly #calls: readonly Call[];
  /** The groups that are bound for every replay. */
  readonly #moving: readonly Group[];
  /** Memory from outside that is written. */
  readonly #written: readonly Place[];
  readonly #faults: boolean;

  constructor(recording: Recording, results: readonly Result[], memory: PlanMemory) {
    const { device, launches, slots } = recording;
    this.#device = device;
    this.#recording = recording;
    this.#results = results;
    this.#buffers = new PlanBuffers(device, slots, slotsOf(results), memory);
    this.#params = new PlanParams(device.gpu, launches.map(({ params }) => params));
    const groups = groupsOf(launches, this.#buffers.moves);
    const all = [...new Set(groups)];
    this.#moving = all.filter(({ moves }) => moves);
    this.#bind(all.filter(({ moves }) => !moves));
    this.#calls = launches.map(({ kernel, grid }, i) => {
      const [group, at] = [groups[i] as Group, this.#params.offsets[i] as number]; // one for each
      return { kernel, grid, group, offset: [at] };
    });
    this.#written = writtenPlaces(launches);
    this.#faults = recording.outside.has(device.faults.buffer);
  }

  /** Whether what the step found outside is still there. */
  get holds(): boolean {
    for (const [buffer, generation] of this.#recording.outside) {
      if (buffer.generation !== generation) return false;
    }
    return true;
  }

  /**
   * Does again what the step did on the host.
   *
   * @returns false, with nothing changed, if something was decided otherwise this time
   */
  prepare(): boolean {
    return redo(this.#recording.work, this.#recording.states);
  }

  /**
   * Sends the step's dispatches; to be called after `prepare`.
   *
   * @param args tensors of the call
   * @param storages theirs, each once
   * @returns what the step returned, in the current scope
   */
  replay(args: readonly Tensor[], storages: readonly Storage[]): Tensor[] {
    const buffers = this.#buffers;
    buffers.inputs = storages.map(({ buffer }) => buffer);
    for (const place of this.#written) this.#device.fusion.beforeWrite(buffers.of(place));
    const outputs = buffers.takeOutputs();
    this.#bind(this.#moving);
    if (this.#faults) this.#device.faults.expect();
    this.#device.recorder.submit(this.#calls.length, () => this.#send());
    return rebuild(this.#device, this.#results, args, storages, outputs);
  }

  #bind(groups: readonly Group[]): void {
    for (const group of groups) group.bind(this.#device.gpu, this.#params.gpu, this.#buffers.of);
  }

  #send(): void {
    const { gpu, recorder } = this.#device;
    this.#buffers.write();
    this.#params.write(gpu.queue);
    const encoder = gpu.createCommandEncoder();
    if (recorder.timer) {
      for (const call of this.#calls) {
        const timestampWrites = recorder.timer(call.kernel);
        encode(encoder.beginComputePass(timestampWrites ? { timestampWrites } : {}), [call]);
      }
    } else encode(encoder.beginComputePass(), this.#calls);
    gpu.queue.submit([encoder.finish()]);
  }

  /** Gives back the memory that is the plan's own. */
  free(): void {
    this.#buffers.free();
    this.#params.free();
  }
}

/** The places outside a step that its dispatches write to, each once. */
function writtenPlaces(launches: readonly Launch[]): readonly Place[] {
  const written = launches.flatMap(({ kernel, places }) => {
    return places.filter((place, i) => kernel.bindings[i] === "w" && !(place instanceof Slot));
  });
  return [...new Set(written)];
}

function encode(pass: GPUComputePassEncoder, calls: readonly Call[]): void {
  let last: Kernel | undefined;
  for (const { kernel, group, offset, grid: [x, y, z] } of calls) {
    if (kernel !== last) pass.setPipeline(kernel.pipeline);
    last = kernel;
    pass.setBindGroup(0, group.bound, offset);
    if (y === 1 && z === 1) pass.dispatchWorkgroups(x); // every argument costs a call time
    else pass.dispatchWorkgroups(x, y, z);
  }
  pass.end();
}
