// Rules about which file may import which, as functions of the list of imports.

/** One import between files of the package, paths from the root. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

// Imports go from right to left. Source: the package's style page, section 1.
const ORDER = ["kernels", "engine", "autograd", "nn", "optim"] as const;
const USERS = ["tests", "bench", "examples", ".ci"] as const;
/** The data sets and the command line of the programs, for benches that train. */
const SUPPORT = /^examples\/support\/\w+\.ts$/;
/** What there is to know of an op, for its tests and its bench line. */
const ROWS = /^tests\/(fixtures\/\w+|op_\w+|rng)\.ts$/;

function folderOf(path: string): string {
  return path.split("/", 1)[0] ?? "";
}

function rank(folder: string): number {
  const place = (ORDER as readonly string[]).indexOf(folder);
  if (place >= 0) return place;
  if ((USERS as readonly string[]).includes(folder)) return ORDER.length;
  throw new Error(`arrows: a file is in no known folder: ${folder}. Add the folder to the order.`);
}

/**
 * Imports from a folder into one that comes after it. Tests may import benches, examples and .ci;
 * those import neither each other nor tests, but benches the rows of ops that they are made from
 * and what supports the programs.
 *
 * @param arrows of the whole package
 * @returns one line for every wrong import; empty when all are right
 */
export function wrongWay(arrows: readonly Arrow[]): string[] {
  const isWrong = ({ from, to }: Arrow): boolean => {
    const [source, target] = [folderOf(from), folderOf(to)];
    if (source === target) return false;
    if (rank(source) === ORDER.length && rank(target) === ORDER.length) {
      return source !== "tests" && !(source === "bench" && (ROWS.test(to) || SUPPORT.test(to)));
    }
    return rank(target) > rank(source);
  };
  return arrows.filter(isWrong).map(({ from, to }) => `${from} imports ${to}`);
}

/**
 * Imports of a file inside a folder from outside it that do not go through its `index.ts`.
 * Tests may; kernels are texts, one by one, and have none.
 */
export function pastTheIndex(arrows: readonly Arrow[]): string[] {
  const isWrong = ({ from, to }: Arrow): boolean => {
    const [source, target] = [folderOf(from), folderOf(to)];
    if (source === target || source === "tests" || target === "kernels") return false;
    return rank(target) < ORDER.length && to !== `${target}/index.ts`;
  };
  return arrows.filter(isWrong).map(({ from, to }) => `${from} imports ${to}`);
}

/**
 * A cycle of imports, if there is one.
 *
 * @returns the files of one cycle, the first again at the end; empty if there is none
 */
export function findCycle(arrows: readonly Arrow[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of arrows) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const to of next.get(file) ?? []) {
      const cycle = visit(to);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of next.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

/**
 * Whether a TypeScript text has a default export. Text in comments at the start of a line counts
 * too: better one line to rewrite than one that slips through.
 */
export function hasDefaultExport(text: string): boolean {
  return /^\s*export\s+default\b|^\s*export\s*\{[^}]*\bdefault\b[^}]*\}/m.test(text);
}
