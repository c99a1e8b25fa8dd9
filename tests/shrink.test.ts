// Shrunk kernel texts say the same: token by token, also after their lines are repeated.

import * as assert from "uvu/assert";
import { unroll } from "../engine/index.ts";
import { shrinkWgsl } from "../.ci/shrink.ts";
import { suite } from "./harness.ts";

const test = suite("shrunk kernels", { device: false });

// The name comes from a variable so that a bundle for the page does not try to resolve it.
const FS = "node:fs";

/** WGSL's tokens: names and numbers (with marks of `unroll`), signs of one and more characters. */
const TOKEN = /[\w$.]+|->|&&|\|\||<<=|>>=|[-+*/%&|^<>=!]=|\+\+|--|<<|>>|\S/g;

function tokens(text: string): string[] {
  return text.replace(/\/\/.*$/gm, "").match(TOKEN) ?? [];
}

test.needs("files", "a kernel keeps its tokens, and so does its unrolled text", async () => {
  const { readdirSync, readFileSync } = await import(FS) as typeof import("node:fs");
  const files = readdirSync("kernels", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".wgsl"));
  let [before, after] = [0, 0];
  for (const file of files) {
    const text = readFileSync(`kernels/${file}`, "utf8");
    const short = shrinkWgsl(text);
    before += text.length;
    after += short.length;
    assert.not.match(text, "/*", `${file}: block comments are not expected`);
    assert.not.match(short, "/*", `${file}: / and * have become neighbours`);
    assert.equal(tokens(short), tokens(text), file);
    assert.equal(tokens(unroll(short, 2, 3)), tokens(unroll(text, 2, 3)), file);
  }
  assert.ok(files.length > 50, "the kernels are there");
  assert.ok(after < 0.75 * before, `${after} of ${before} characters`);
});

test("signs that would join stay apart, and marks in comments stay", () => {
  assert.is(shrinkWgsl("let a = b - -c; // why\n"), "let a=b - -c;\n");
  assert.is(shrinkWgsl("// Only words.\n\nx = y & &z;"), "x=y & &z;\n");
  assert.is(shrinkWgsl("if (a) {\n  s$i = 1u;\n} // $i\n"), "if(a){\ns$i=1u;\n}//$i\n");
  assert.is(shrinkWgsl("// A line with $j is repeated.\nconst x = 1;"), "const x=1;\n");
});

test.run();
