// Folders made once and then shared by every process, and the archives they are made from.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";

/**
 * Makes a folder under another name and renames it, so that a folder which is there is complete,
 * whoever made it and however many processes try at once.
 *
 * @param folder absolute path; its parent is there
 * @param fill writes the files into the folder it is given
 * @returns `folder`
 * @throws whatever `fill` throws
 */
export function makeFolderOnce(folder: string, fill: (unfinished: string) => void): string {
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${randomUUID()}`;
  mkdirSync(unfinished);
  try {
    fill(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another process was first
  }
  return folder;
}

const BLOCK = 512; // bytes; headers and contents start at its multiples

/**
 * Reads a brotli-compressed ustar archive.
 *
 * @returns name and content of each entry
 * @throws Error if the archive is cut off or not one
 */
export function* readTarBrotli(archive: Uint8Array): Generator<readonly [string, Uint8Array]> {
  const tar = brotliDecompressSync(archive);
  // Fields end at a zero byte; numbers are octal digits.
  const field = (start: number, length: number): string =>
    tar.toString("latin1", start, start + length).split("\0", 1)[0] ?? "";
  for (let at = 0; at + BLOCK <= tar.length;) {
    const name = field(at, 100);
    if (name === "") return;
    const start = at + BLOCK;
    const end = start + parseInt(field(at + 124, 12), 8);
    if (!(end <= tar.length)) throw new Error(`tar archive: no whole file ${name}`);
    yield [name, tar.subarray(start, end)];
    at = start + Math.ceil((end - start) / BLOCK) * BLOCK;
  }
}
