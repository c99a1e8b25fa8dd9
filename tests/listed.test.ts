// No test file is forgotten: tests/all.ts names every one there is.

import * as assert from "uvu/assert";
import { suite } from "./harness.ts";

const test = suite("list of tests", { device: false });

// The name comes from a variable so that a bundle for the page does not try to resolve it.
const FS = "node:fs";

test.needs("files", "tests/all.ts imports every test file", async () => {
  const { readdirSync, readFileSync } = await import(FS) as typeof import("node:fs");
  const files = readdirSync("tests", { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".test.ts"));

  const listed = [...readFileSync("tests/all.ts", "utf8").matchAll(/import "\.\/(.*)";/g)];

  assert.equal(listed.map(([, name]) => name).sort(), files.sort());
});

test.run();
