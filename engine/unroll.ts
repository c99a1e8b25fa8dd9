/**
 * Writes out the lines of a kernel that stand for several.
 *
 * Neighbouring lines with a mark such as `$i` are repeated together as often as its count says,
 * with 0, 1, .. in its place; within each copy the same is done for the next mark. A count of 0
 * leaves lines out; a mark in a comment makes its line one of them.
 *
 * @param text WGSL in which marks may be part of names and numbers
 * @param counts of each mark, outermost first, such as `{ $i: 8, $j: 4 }`
 */
export function unrollMarks(text: string, counts: Readonly<Record<string, number>>): string {
  const marks = Object.entries(counts);
  const lines = text.split("\n").filter((line) => !line.trimStart().startsWith("//"));
  return repeat(lines, marks, 0).join("\n");
}

/** `unrollMarks` of `$i` for rows and within them `$j` for columns. */
export function unroll(text: string, rows: number, columns: number): string {
  return unrollMarks(text, { $i: rows, $j: columns });
}

/**
 * Marks of kernels in which so many lanes load for each other: `$s` if they do and `$p` if not,
 * `$w` if quads swap, `$c` if more lanes get it by broadcast.
 */
export function sharingMarks(lanes: number): Record<"$s" | "$p" | "$w" | "$c", number> {
  const [shared, quads] = [Number(lanes > 1), Number(lanes === 4)];
  return { $s: shared, $p: 1 - shared, $w: quads, $c: shared - quads };
}

/** Repeats each run of lines with the mark of a level, and in every copy those of the next. */
function repeat(
  lines: readonly string[], marks: readonly (readonly [string, number])[], level: number,
): readonly string[] {
  const [mark, count] = marks[level] ?? [];
  if (mark === undefined || count === undefined) return lines;
  const out: string[] = [];
  for (let start = 0; start < lines.length;) {
    const marked = lines[start]?.includes(mark) ?? false;
    let end = start + 1;
    while (end < lines.length && lines[end]?.includes(mark) === marked) end++;
    const block = lines.slice(start, end);
    for (let i = 0; i < (marked ? count : 1); i++) {
      out.push(...repeat(block.map((line) => line.replaceAll(mark, String(i))), marks, level + 1));
    }
    start = end;
  }
  return out;
}
