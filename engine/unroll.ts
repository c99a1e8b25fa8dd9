/**
 * Writes out the lines of a kernel that stand for several: a line with `$i` is repeated for
 * i = 0 .. rows - 1, one with `$j` for j = 0 .. columns - 1, one with both for every pair.
 *
 * @param text WGSL in which `$i` and `$j` may be part of names and numbers
 */
export function unroll(text: string, rows: number, columns: number): string {
  return text.split("\n").flatMap((line) => {
    if (line.trimStart().startsWith("//")) return [line];
    return expand(line, "$i", rows).flatMap((row) => expand(row, "$j", columns));
  }).join("\n");
}

function expand(line: string, mark: string, count: number): string[] {
  if (!line.includes(mark)) return [line];
  return Array.from({ length: count }, (_, i) => line.replaceAll(mark, String(i)));
}
