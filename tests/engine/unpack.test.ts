// Folders made once, and archives. Node only, as it writes files.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import * as assert from "uvu/assert";
import { makeFolderOnce, readTarBrotli } from "../../engine/unpack.ts";
import { suite } from "../harness.ts";

const test = suite("unpack", { device: false });

function inTemporaryFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "dualgrad-test-"));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One file as a ustar entry: header, content, both filled up to 512 bytes. */
function tarEntry(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, "latin1");
  header.write(content.length.toString(8).padStart(11, "0"), 124, "latin1");
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content, "latin1");
  return Buffer.concat([header, body]);
}

test("an archive gives its files: empty, longer than a block, in a folder", () => {
  const files = [["empty", ""], ["lib/long", "x".repeat(1300)], ["last", "y"]] as const;
  const parts = files.map(([name, content]) => tarEntry(name, content));
  const tar = Buffer.concat([...parts, Buffer.alloc(1024)]);

  const read = [...readTarBrotli(brotliCompressSync(tar))];

  assert.equal(read.map(([name, bytes]) => [name, Buffer.from(bytes).toString()]), files);
});

test("an archive that is cut off is an error, not a short file", () => {
  const tar = tarEntry("whole", "x".repeat(1300)).subarray(0, 1024);

  assert.throws(() => [...readTarBrotli(brotliCompressSync(tar))], /no whole file whole/);
});

test("a folder is filled once and then found", () => inTemporaryFolder((parent) => {
  const folder = join(parent, "made");
  let filled = 0;
  const fill = (unfinished: string): void => writeFileSync(join(unfinished, "f"), `${++filled}`);

  makeFolderOnce(folder, fill);
  makeFolderOnce(folder, fill);

  assert.is(filled, 1);
  assert.is(readFileSync(join(folder, "f"), "utf8"), "1");
}));

test("a failure while filling leaves nothing behind", () => inTemporaryFolder((parent) => {
  const folder = join(parent, "made");

  assert.throws(() => makeFolderOnce(folder, () => {
    throw new Error("disk full");
  }), /disk full/);

  assert.not(existsSync(folder));
  assert.equal(readdirSync(parent), []);
}));

test("of two that fill at once, the first is kept", () => inTemporaryFolder((parent) => {
  const folder = join(parent, "made");

  makeFolderOnce(folder, (slow) => {
    makeFolderOnce(folder, (quick) => writeFileSync(join(quick, "f"), "first"));
    writeFileSync(join(slow, "f"), "second");
  });

  assert.is(readFileSync(join(folder, "f"), "utf8"), "first");
  assert.equal(readdirSync(parent), ["made"]);
}));

test.run();
