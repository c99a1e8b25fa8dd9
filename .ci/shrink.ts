// Kernel texts as the published package carries them: without comments and needless white space.

import type { Plugin } from "esbuild";

/** A mark of engine/unroll.ts in a comment, which makes its line one of those to be repeated. */
const MARKS = /\$[a-z]/g;
/** Signs that need no space beside them; + - / & would form other signs with their like. */
const TIGHT = /\s*([{}()[\],;:=<>*%|^!])\s*/g;

/**
 * The same WGSL in fewer characters. Lines stay lines, since `unroll` repeats whole ones.
 *
 * @param text WGSL without block comments
 */
export function shrinkWgsl(text: string): string {
  const lines = text.split("\n").map((line) => {
    const [code = "", ...comment] = line.split("//");
    const short = code.replace(TIGHT, "$1").replace(/\s+/g, " ").trim();
    const marks = short === "" ? null : comment.join("").match(MARKS);
    return marks ? `${short}//${marks.join("")}` : short;
  });
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

/**
 * Shrinks the kernel texts of a bundle.
 *
 * @param read gives a file's text
 */
export function shrinkKernels(read: (path: string) => Promise<string>): Plugin {
  return {
    name: "shrink kernels",
    setup: (build) => {
      build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => {
        return { contents: shrinkWgsl(await read(path)), loader: "text" };
      });
    },
  };
}
