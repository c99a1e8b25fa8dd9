/**
 * Writes out the lines of a kernel that stand for several.
 *
 * Neighbouring lines with `$i` are repeated together for i = 0 .. rows - 1, and within each of
 * them neighbouring lines with `$j` for j = 0 .. columns - 1.
 *
 * @param text WGSL in which `$i` and `$j` may be part of names and numbers
 */
export function unroll(text: string, rows: number, columns: number): string {
  const lines = text.split("\n").filter((line) => !line.trimStart().startsWith("//"));
  return repeat(lines, "$i", rows, (block) => repeat(block, "$j", columns, (b) => b)).join("\n");
}

/** Repeats each run of lines with the mark; `inner` is applied to every copy and to the rest. */
function repeat(
  lines: readonly string[], mark: string, count: number,
  inner: (block: readonly string[]) => readonly string[],
): string[] {
  const out: string[] = [];
  for (let start = 0; start < lines.length;) {
    const marked = lines[start]?.includes(mark) ?? false;
    let end = start + 1;
    while (end < lines.length && lines[end]?.includes(mark) === marked) end++;
    const block = lines.slice(start, end);
    for (let i = 0; i < (marked ? count : 1); i++) {
      out.push(...inner(block.map((line) => line.replaceAll(mark, String(i)))));
    }
    start = end;
  }
  return out;
}
