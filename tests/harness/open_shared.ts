// The device of a process that shares the machine with others like it.

import { openDevice } from "../../engine/index.ts";
import type { Device } from "../../engine/index.ts";
import { env } from "../host.ts";

// A variable, so that a bundle for the page does not try to resolve it.
const PROCESS = "node:process";

/**
 * Opens a device. SwiftShader looks for its settings in the working folder when the first one is
 * opened: for a process with `CLAIMS` that is the folder with that name.
 *
 * @throws as `openDevice` does
 */
export async function openShared(): Promise<Device> {
  const folder = env("CLAIMS");
  if (folder === undefined) return openDevice();
  const { chdir, cwd } = await import(PROCESS) as typeof import("node:process");
  const before = cwd();
  chdir(folder);
  try {
    return await openDevice();
  } finally {
    chdir(before);
  }
}
