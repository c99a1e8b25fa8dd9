// Plain text for the terminal: wrapped paragraphs and aligned tables.

import { formatNumber } from "./format.ts";

/**
 * Breaks a text into lines at its spaces; a word longer than a line is cut.
 *
 * @param width columns, > 0
 * @returns at least one line
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line];
}

/** One column of a table. */
export interface Column {
  readonly title: string;
  /** Default: left. Numbers read best to the right. */
  readonly align?: "left" | "right";
}

/**
 * A table with aligned columns and a rule under its titles.
 *
 * @param columns left to right
 * @param rows one text for every column
 * @returns lines, without a line break at the end
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) => {
    return Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length));
  });
  const line = (cells: readonly string[]): string => {
    const aligned = columns.map(({ align = "left" }, i) => {
      const [cell, width] = [cells[i] ?? "", widths[i] ?? 0];
      return align === "left" ? cell.padEnd(width) : cell.padStart(width);
    });
    return aligned.join("   ").trimEnd();
  };
  const rule = widths.map((width) => "-".repeat(width));
  return [columns.map(({ title }) => title), rule, ...rows].map(line).join("\n");
}

/** How large a layer's weight is, and how large it should be, both in the layer's own norm. */
export interface LayerNorm {
  readonly name: string;
  readonly shape: readonly number[];
  readonly norm: number;
  readonly target: number;
}

/**
 * A table of every layer's norm against its target.
 *
 * @returns columns layer, shape, norm, target and ratio (norm / target)
 */
export function layerTable(layers: readonly LayerNorm[]): string {
  const columns: Column[] = [
    { title: "layer" },
    { title: "shape", align: "right" },
    { title: "norm", align: "right" },
    { title: "target", align: "right" },
    { title: "ratio", align: "right" },
  ];
  const rows = layers.map(({ name, shape, norm, target }) => {
    const ratio = (norm / target).toFixed(3);
    return [name, shape.join(" x "), norm.toFixed(4), formatNumber(target), ratio];
  });
  return table(columns, rows);
}

/**
 * Generated text as a block of its own, so that it is not taken for the program's words.
 *
 * @param prompt what the model was given
 * @param text what it wrote
 * @param width columns of the whole block
 */
export function sampleBlock(prompt: string, text: string, width = 80): string {
  const lines = `${prompt}${text}`.split("\n").flatMap((line) => wrap(line, width - 4));
  return lines.map((line) => `  | ${line}`.trimEnd()).join("\n");
}
