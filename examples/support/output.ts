// The folder a run writes to: proven writable before training, files complete or not there.

import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { UsageError } from "./option_types.ts";

/** A folder that can be written to. */
export interface Output {
  readonly folder: string;
  /**
   * Writes a file under a temporary name and renames it, so that nobody sees half of it.
   *
   * @returns the file's path
   */
  write(name: string, content: string | Uint8Array): Promise<string>;
}

/**
 * Makes the folder, if it is not there, and writes and removes a file in it.
 *
 * @param folder path
 * @throws UsageError naming the path if nothing can be written there
 * @example
 * const output = await openOutput("out"); // before the training
 * await output.write("loss.svg", svg); // after it
 */
export async function openOutput(folder: string): Promise<Output> {
  try {
    await makeFolder(resolve(folder));
    const probe = temporary(folder, "probe");
    await writeFile(probe, "");
    await rm(probe);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/, \w+ '.*$/, "") : String(error);
    throw new UsageError(
      `--out: cannot be written: "${folder}" (${reason}). Name a folder that you may write to.`,
    );
  }
  return { folder, write: (name, content) => writeWhole(folder, name, content) };
}

// Node's own recursive mkdir never ends where a folder refuses new ones with ENOENT, as /proc does.
async function makeFolder(path: string): Promise<void> {
  const made = await stat(path).catch(() => undefined);
  if (made?.isDirectory()) return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error; // another run may have been faster
  });
}

function temporary(folder: string, name: string): string {
  return join(folder, `.${name}.${process.pid}.tmp`);
}

async function writeWhole(folder: string, name: string, content: string | Uint8Array) {
  const path = join(folder, name);
  const part = temporary(folder, name);
  try {
    await writeFile(part, content);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  return path;
}
