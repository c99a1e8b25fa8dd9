import { type Shape, ShapeError, show } from "../../../engine/index.ts";

/** A tensor's axes by name: letters, and for the axes under an ellipsis `0`, `1`, ... */
export type Labels = readonly string[];

/** What an equation says of operands of known shapes. */
export interface Contraction {
  /** Names of every operand's axes. */
  readonly inputs: readonly Labels[];
  readonly output: Labels;
  /** Size by name; an axis of size 1 stretches to the others of its name. */
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * Reads an equation of `einsum`.
 *
 * @param shapes of the operands
 * @throws ShapeError if it is malformed or does not fit the shapes
 */
export function parseEinsum(equation: string, shapes: readonly Shape[]): Contraction {
  const fail = (what: string, remedy: string): never => {
    throw new ShapeError(
      `einsum: ${what}: "${equation}" for ${shapes.map(show).join(", ")}. ${remedy}.`,
    );
  };
  const [left = "", right, ...more] = equation.replaceAll(" ", "").split("->");
  const terms = left.split(",");
  if (more.length > 0 || ![...terms, right ?? ""].every((t) => /^[a-z]*(\.{3})?[a-z]*$/i.test(t))) {
    fail("not an equation", "Use letters, commas, one ... a term and one ->");
  }
  if (terms.length !== shapes.length) {
    fail(`${terms.length} terms for ${shapes.length} operands`, "Give one term for each");
  }
  const hidden = terms.map((t, k) => (shapes[k]?.length ?? 0) - t.replace("...", "").length);
  const widest = Math.max(0, ...terms.map((t, k) => (t.includes(".") ? hidden[k] ?? 0 : 0)));
  const inputs = terms.map((term, k): Labels => {
    const count = hidden[k] ?? 0;
    if (count < 0 || (count > 0 && !term.includes("."))) {
      fail(`term ${k} does not have the axes of its operand`, "Name every axis, or use ...");
    }
    return spell(term, count, widest);
  });
  const sizes = sizesOf(inputs, shapes, fail);
  const output = right === undefined ? implied(inputs, widest) : spell(right, widest, widest);
  const odd = output.find((l, i) => !sizes.has(l) || output.indexOf(l) !== i);
  if (odd !== undefined) {
    fail(`output axis ${odd} is in no operand, or named twice`, "Change the output");
  }
  if (right !== undefined && widest > 0 && !right.includes(".")) {
    fail("the output leaves out the axes under ...", "Put ... in the output too");
  }
  return { inputs, output, sizes };
}

/** Names of a term's axes; those under the ellipsis are aligned at their last. */
function spell(term: string, count: number, widest: number): string[] {
  const dots = Array.from({ length: count }, (_, i) => String(widest - count + i));
  const [before = "", after = ""] = term.split("...");
  return [...before, ...(term.includes(".") ? dots : []), ...after];
}

/** Without an output: the axes under ellipses, then the names met once, in their order. */
function implied(inputs: readonly Labels[], widest: number): string[] {
  const all = inputs.flat();
  const once = all.filter((l) => l >= "A" && all.indexOf(l) === all.lastIndexOf(l)).sort();
  return [...Array.from({ length: widest }, (_, i) => String(i)), ...once];
}

function sizesOf(
  inputs: readonly Labels[], shapes: readonly Shape[],
  fail: (what: string, remedy: string) => never,
): Map<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((labels, k) => labels.forEach((label, axis) => {
    const [size, known] = [shapes[k]?.[axis] ?? 1, sizes.get(label) ?? 1];
    if (size !== known && size !== 1 && known !== 1) {
      fail(`axis ${label} has two sizes, ${known} and ${size}`, "Make them equal");
    }
    sizes.set(label, size === 1 ? known : size);
  }));
  return sizes;
}
