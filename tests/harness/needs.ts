// What a test may need that not every host or adapter has.

import type { Device } from "../../engine/index.ts";
import { hostName } from "../host.ts";

/**
 * A condition of a test: a WebGPU feature (`"shader-f16"`, `"subgroups"`, `"timestamp-query"`), a
 * host (`"node"`, `"deno"`, `"browser"`), `"files"` for a host with a file system, `"hardware"` for
 * an adapter that is not software, or anything else with a name and a question.
 */
export type Need =
  | string
  | { readonly name: string; readonly met: () => boolean | Promise<boolean> };

const ofHost: Readonly<Record<string, () => boolean>> = {
  node: () => hostName() === "node",
  deno: () => hostName() === "deno",
  browser: () => hostName() === "browser",
  files: () => hostName() !== "browser",
};

async function isMet(need: Need, device: Device | undefined): Promise<boolean> {
  if (typeof need !== "string") return await need.met();
  const asked = ofHost[need];
  if (asked !== undefined) return asked();
  if (device === undefined) {
    throw new Error(`needs: "${need}" asks for a device, but the suite has device: false.`);
  }
  return need === "hardware" ? !device.info.software : device.features.has(need);
}

/**
 * The needs that are not met here.
 *
 * @param needs of one test
 * @param device the shared device, undefined in a suite without one
 * @returns their names; empty when the test can run
 * @throws Error if a need is a feature of the device and there is no device
 */
export async function unmetNeeds(
  needs: readonly Need[],
  device: Device | undefined,
): Promise<string[]> {
  const names: string[] = [];
  for (const need of needs) {
    if (!(await isMet(need, device))) names.push(typeof need === "string" ? need : need.name);
  }
  return names;
}
