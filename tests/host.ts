// The few things a test run asks of its host, so that nothing else has to know which host it is.

/** How many tests ended how. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

interface ProcessLike {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly versions?: { readonly node?: string };
  exitCode?: number | string | null | undefined;
  on?(event: "exit", listener: () => void): unknown;
}

interface HostGlobals {
  readonly process?: ProcessLike;
  readonly Deno?: { readonly env: { get(name: string): string | undefined }; exitCode: number };
  readonly location?: { readonly search?: string };
  __dualgradDone?: Totals;
}

const host = globalThis as unknown as HostGlobals;

/**
 * Name of the host this code runs on.
 *
 * @returns `"deno"`, `"node"` or `"browser"`
 */
export function hostName(): "deno" | "node" | "browser" {
  if (host.Deno !== undefined) return "deno";
  return host.process?.versions?.node === undefined ? "browser" : "node";
}

/**
 * Value of an environment variable; in a page the query string stands in for the environment.
 *
 * @param name as in `SEED`; in a page as in `?SEED=123`
 * @returns undefined where it is not set, empty, or may not be read
 */
export function env(name: string): string | undefined {
  try {
    if (host.Deno !== undefined) return host.Deno.env.get(name) || undefined;
    if (host.process?.env !== undefined) return host.process.env[name] || undefined;
    return new URLSearchParams(host.location?.search ?? "").get(name) ?? undefined;
  } catch {
    return undefined; // Deno without the permission to read the environment
  }
}

// A variable, so that a bundle for the page does not try to resolve it.
const FS = "node:fs";

/**
 * Takes a piece of work for this process. Processes that share a list of work have one folder,
 * empty at first, as `CLAIMS` in their environment; without it all work is this process's.
 *
 * @param place of the piece in the list
 * @returns false where another process has taken it
 */
export async function claim(place: number): Promise<boolean> {
  const folder = env("CLAIMS");
  if (folder === undefined) return true;
  const { closeSync, openSync } = await import(FS) as typeof import("node:fs");
  try {
    closeSync(openSync(`${folder}/${place}`, "wx"));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Prints one or more lines on standard output, or on the page's console.
 *
 * @param text without the last line end
 */
export function print(text: string): void {
  console.log(text);
}

/**
 * Sets the code the process will exit with, without ending it now.
 *
 * @param code 0 for success
 */
export function setExitCode(code: 0 | 1): void {
  if (host.Deno !== undefined) host.Deno.exitCode = code;
  else if (host.process !== undefined) host.process.exitCode = code;
}

/**
 * Calls `listener` when the process is about to exit. In a page it is never called.
 *
 * @param listener synchronous
 */
export function onExit(listener: () => void): void {
  host.process?.on?.("exit", listener);
}

/**
 * Ends a run: prints the closing line `N passed, N failed, N skipped`, sets the exit code, and in
 * a page leaves the numbers in `globalThis.__dualgradDone`.
 *
 * @param totals of the whole process
 */
export function finish(totals: Totals): void {
  setExitCode(totals.failed > 0 ? 1 : 0);
  print(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  host.__dualgradDone = { ...totals };
}
