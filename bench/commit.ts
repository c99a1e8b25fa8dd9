// Which sources a bench was run from.

import { execFileSync } from "node:child_process";

/** The commit of the sources, marked if they were changed since; undefined where there is none. */
export function commitHere(): string | undefined {
  try {
    const args = ["describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"];
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim();
  } catch {
    return undefined; // no git, or no repository
  }
}
