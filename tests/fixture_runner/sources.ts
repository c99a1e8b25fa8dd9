// Where the fixtures come from: a folder, or the copies that are built into the bundle.

import { env } from "../host.ts";
import type { FixtureFile } from "./types.ts";

/** A fixture file and what it is called. */
export interface Source {
  readonly name: string;
  load(): Promise<FixtureFile>;
}

// The imported texts are typed by their contents, which are too particular to be of use.
function copy(name: string, load: () => Promise<{ default: unknown }>): Source {
  return { name, load: async () => checkFile(name, (await load()).default) };
}

const copies: readonly Source[] = [
  copy("ops.json", () => import("../fixtures/ops.json", { with: { type: "json" } })),
  copy("programs.json", () => import("../fixtures/programs.json", { with: { type: "json" } })),
  copy("norms.json", () => import("../fixtures/norms.json", { with: { type: "json" } })),
  copy("polar.json", () => import("../fixtures/polar.json", { with: { type: "json" } })),
  copy("optim.json", () => import("../fixtures/optim.json", { with: { type: "json" } })),
  copy("modula.json", () => import("../fixtures/modula.json", { with: { type: "json" } })),
  copy("theory.json", () => import("../fixtures/theory.json", { with: { type: "json" } })),
];

function checkFile(name: string, content: unknown): FixtureFile {
  const file = content as Partial<FixtureFile> | null;
  if (typeof file?.kind === "string" && Array.isArray(file.cases)) return file as FixtureFile;
  throw new Error(`fixtures: ${name} is not a fixture file: it has no kind or no cases.`);
}

// The name is kept from the bundler, which would otherwise look for the module in a page's bundle.
async function fileSystem(): Promise<typeof import("node:fs/promises")> {
  const name = "node:fs/promises";
  return (await import(name)) as typeof import("node:fs/promises");
}

async function folder(path: string): Promise<Source[]> {
  const { readdir, readFile } = await fileSystem();
  const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  return names.map((name) => ({
    name,
    load: async () => checkFile(name, JSON.parse(await readFile(`${path}/${name}`, "utf8"))),
  }));
}

/**
 * The fixture files to run: those of the folder in the environment variable `FIXTURES`, or the
 * copies in tests/fixtures.
 *
 * @throws Error if the folder cannot be read or holds no `.json` file
 */
export async function fixtureSources(): Promise<readonly Source[]> {
  const path = env("FIXTURES");
  if (path === undefined) return copies;
  const found = await folder(path);
  if (found.length > 0) return found;
  throw new Error(`fixtures: no .json file in the folder: ${path}. Set FIXTURES to another.`);
}
