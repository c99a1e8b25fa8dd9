// The headless Chromium of npm's @sparticuz/chromium, with the libraries a bare Debian lacks.
import { readFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { brotliDecompressSync } from "node:zlib";
import { makeFolderOnce, readTarBrotli } from "../engine/unpack.ts";

/** An unpacked browser. */
export interface Chromium {
  readonly executablePath: string;
  /** For `LD_LIBRARY_PATH` of the browser's process alone. */
  readonly libraryPath: string;
}

/**
 * Unpacks the browser into build/, or finds it there. The package's own unpacker writes straight
 * to its final place, where a run that was interrupted leaves half a browser behind.
 *
 * @throws Error if the package is missing or has no browser for this system
 */
export function unpackChromium(): Chromium {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`no embedded Chromium for ${process.platform} ${process.arch}`);
  }
  const build = dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium"));
  const root = join(build, "../.."); // the entry is build/cjs/index.cjs
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly version: string;
  };
  const bin = join(root, "bin");
  const folder = makeFolderOnce(resolve(`build/chromium-${version}`), (unfinished) => {
    const browser = brotliDecompressSync(readFileSync(join(bin, "chromium.br")));
    writeFileSync(join(unfinished, "chromium"), browser, { mode: 0o755 });
    mkdirSync(join(unfinished, "lib"));
    for (const archive of ["swiftshader.tar.br", "al2023.tar.br"]) {
      for (const [name, bytes] of readTarBrotli(readFileSync(join(bin, archive)))) {
        writeFileSync(join(unfinished, name), bytes); // al2023's are all in lib/
      }
    }
  });
  return { executablePath: join(folder, "chromium"), libraryPath: join(folder, "lib") };
}
