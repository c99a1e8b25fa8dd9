// The SwiftShader that npm's @sparticuz/chromium carries, unpacked for Node and Deno.
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { makeFolderOnce, readTarBrotli } from "./unpack.ts";

/** The files of the embedded adapter, by absolute path. */
export interface SoftwareAdapterFiles {
  /** A Vulkan loader, for hosts without one. */
  readonly loader: string;
  /** The manifest of the driver, for the loader's `VK_ICD_FILENAMES`. */
  readonly manifest: string;
}

const LOADER = "libvulkan.so.1";
const MANIFEST = "vk_swiftshader_icd.json";
const WANTED = [LOADER, MANIFEST, "libvk_swiftshader.so"];

/**
 * Unpacks the embedded adapter into a cache folder, or finds it there.
 *
 * @returns its files, or in `refused` why it cannot be had, as part of a sentence
 */
export function unpackSoftwareAdapter(): SoftwareAdapterFiles | { readonly refused: string } {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { refused: `no embedded software adapter for ${process.platform} ${process.arch}` };
  }
  const archive = findArchive();
  if (!archive) return { refused: "@sparticuz/chromium is not installed" };
  try {
    const folder = unpack(readFileSync(archive));
    return { loader: join(folder, LOADER), manifest: join(folder, MANIFEST) };
  } catch (error) {
    return { refused: `the embedded software adapter cannot be unpacked (${String(error)})` };
  }
}

/** Looks beside this package first, then in the project the program was started in. */
function findArchive(): string | undefined {
  for (const base of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      const entry = dirname(createRequire(base).resolve("@sparticuz/chromium"));
      // The entry is build/index.js, or in older versions build/cjs/index.cjs.
      const found = ["..", "../.."].map((up) => join(entry, up, "bin/swiftshader.tar.br"))
        .find(existsSync);
      if (found) return found;
    } catch {
      // Not there: the next place, or the caller's error.
    }
  }
  return undefined;
}

function unpack(archive: Uint8Array): string {
  const version = createHash("sha256").update(archive).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), `swiftshader-${version}`);
  return makeFolderOnce(folder, (unfinished) => {
    for (const [name, bytes] of readTarBrotli(archive)) {
      if (WANTED.includes(name)) writeFileSync(join(unfinished, name), bytes);
    }
  });
}

/** The person's cache folder, or one in the folder for temporary files where that is closed. */
function cacheFolder(): string {
  const home = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "dualgrad");
  try {
    mkdirSync(home, { recursive: true });
    return home;
  } catch {
    const uid = process.getuid?.() ?? 0;
    const shared = join(tmpdir(), `dualgrad-${uid}`);
    mkdirSync(shared, { recursive: true, mode: 0o700 });
    // A library is loaded from here, so nobody else may have made this folder.
    const made = lstatSync(shared);
    if (!made.isDirectory() || made.uid !== uid || (made.mode & 0o022) !== 0) {
      throw new Error(`${shared} belongs to somebody else`);
    }
    return shared;
  }
}

let turn: Promise<unknown> = /* @__PURE__ */ Promise.resolve();

/**
 * Runs `work` with environment variables set, and puts the old values back when it has ended.
 * One at a time, as the environment belongs to the whole process.
 */
export function withVariables<R>(
  variables: Readonly<Record<string, string>>,
  work: () => Promise<R>,
): Promise<R> {
  const result = turn.then(async () => {
    const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, variables);
    try {
      return await work();
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
  turn = result.catch(() => undefined);
  return result;
}
