import { type Shape, type Tensor, checkList, checkShape, resolveAxis, sizeOf } from
  "../../../engine/index.ts";
import { checkTensor, composed, inFloat32 } from "../../define.ts";
import { mul } from "../arithmetic.ts";
import { diagonal as diagonalOf } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { sum } from "../reduce.ts";
import { expand, permute, reshape } from "../views.ts";
import { type Contraction, type Labels, parseEinsum } from "./einsum_parse.ts";

/** A tensor and the names of its axes. */
interface Factor {
  readonly x: Tensor;
  readonly labels: Labels;
}

/**
 * Sum of products over named axes, as `einsum("bij,bjk->bik", a, b)`.
 *
 * Every operand has a term of letters, one for each axis; `...` stands for any further axes, which
 * broadcast. A letter twice in a term takes the diagonal. Letters that the output leaves out are
 * summed over. Without `->` the output has the letters met once, in alphabetical order. Axes of
 * size 1 broadcast. Operands are joined in pairs, cheapest first, by views and `matmul`.
 *
 * @param equation terms with commas, and the output after `->`
 * @param operands one or more; f32 where they are multiplied
 * @returns the output's axes, f32
 * @throws ShapeError if the equation is malformed or does not fit the shapes; DtypeError
 * @example
 * const scores = einsum("bhqd,bhkd->bhqk", q, k);
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  return composed("einsum", () => {
    const shapes = operands.map((x) => checkTensor("einsum", x).shape);
    if (typeof equation !== "string") {
      throw new TypeError(`einsum: no equation: ${typeof equation}. Write "ij,jk->ik" first.`);
    }
    const contraction = parseEinsum(equation, shapes);
    if (operands.length === 1) return contract(contraction, operands);
    return inFloat32(operands, (...list) => contract(contraction, list));
  });
}

function contract(
  { inputs, output, sizes }: Contraction, operands: readonly Tensor[],
): Tensor {
  const factors = operands.map((x, k) => diagonal({ x, labels: inputs[k] ?? [] }));
  while (factors.length > 1) {
    const [i, j] = cheapest(factors, output, sizes);
    const [b] = factors.splice(j, 1) as [Factor]; // j is one of them, and so is i < j
    const [a] = factors.splice(i, 1) as [Factor];
    factors.push(join(a, b, new Set([...output, ...factors.flatMap((f) => f.labels)]), sizes));
  }
  const last = total(factors[0] as Factor, new Set(output)); // the parser wants an operand
  return arrange(last, output);
}

/** Takes the diagonal over the axes of one name. */
function diagonal({ x, labels }: Factor): Factor {
  const second = labels.findIndex((l, i) => labels.indexOf(l) !== i);
  if (second < 0) return { x, labels };
  const first = labels.indexOf(labels[second] ?? "");
  const rest = labels.filter((_, i) => i !== first && i !== second);
  const sizes = [x.shape[first] ?? 1, x.shape[second] ?? 1];
  const full = Math.max(...sizes);
  const square = sizes.includes(0) || sizes[0] === sizes[1] ? x
    : expand(x, x.shape.map((d, i) => (i === first || i === second ? full : d)));
  return diagonal({
    x: diagonalOf(square, { axes: [first, second] }), labels: [...rest, labels[second] ?? ""],
  });
}

/** Sums over the axes that nobody keeps. */
function total({ x, labels }: Factor, kept: ReadonlySet<string>): Factor {
  const axis = labels.flatMap((l, i) => (kept.has(l) ? [] : [i]));
  if (axis.length === 0) return { x, labels };
  return { x: sum(x, { axis }), labels: labels.filter((l) => kept.has(l)) };
}

/** The axes in a given order; missing ones get size 1. */
function arrange({ x, labels }: Factor, order: Labels): Tensor {
  const present = order.filter((l) => labels.includes(l));
  const axes = present.map((l) => labels.indexOf(l));
  const moved = axes.every((a, i) => a === i) ? x : permute(x, axes);
  if (present.length === order.length) return moved;
  return reshape(moved, order.map((l) => x.shape[labels.indexOf(l)] ?? 1));
}

/** Which two to join next: the pair that adds the fewest elements. */
function cheapest(
  factors: readonly Factor[], output: Labels, sizes: ReadonlyMap<string, number>,
): readonly [number, number] {
  const elements = (labels: Iterable<string>) => {
    return sizeOf([...new Set(labels)].map((l) => sizes.get(l) ?? 1));
  };
  let [best, least] = [[0, 1] as readonly [number, number], Infinity];
  factors.forEach(({ labels: a }, i) => factors.forEach(({ labels: b }, j) => {
    if (j <= i) return;
    const others = factors.filter((_, k) => k !== i && k !== j).flatMap((f) => f.labels);
    const kept = [...a, ...b].filter((l) => output.includes(l) || others.includes(l));
    const added = elements(kept) - elements(a) - elements(b);
    if (added < least) [best, least] = [[i, j], added];
  }));
  return best;
}

/** The product of two factors, summed over what nobody else has. */
function join(
  left: Factor, right: Factor, kept: ReadonlySet<string>, sizes: ReadonlyMap<string, number>,
): Factor {
  const a = total(left, new Set([...kept, ...right.labels]));
  const b = total(right, new Set([...kept, ...left.labels]));
  const shared = a.labels.filter((l) => b.labels.includes(l));
  const folded = shared.filter((l) => !kept.has(l));
  const batch = shared.filter((l) => kept.has(l));
  const rows = a.labels.filter((l) => !shared.includes(l));
  const columns = b.labels.filter((l) => !shared.includes(l));
  const labels = [...batch, ...rows, ...columns];
  if (folded.length === 0) return { x: mul(arrange(a, labels), arrange(b, labels)), labels };
  const wide = (t: Tensor, from: number): Tensor => { // folded axes of size 1 stretch
    const full = folded.map((l) => sizes.get(l) ?? 1);
    return expand(t, [...t.shape.slice(0, from), ...full, ...t.shape.slice(from + full.length)]);
  };
  const n = batch.length;
  const x = wide(arrange(a, [...batch, ...rows, ...folded]), n + rows.length);
  const y = wide(arrange(b, [...batch, ...folded, ...columns]), n);
  const [rowShape, columnShape] = [x.shape.slice(n, n + rows.length),
    y.shape.slice(n + folded.length)];
  const inner = sizeOf(folded.map((l) => sizes.get(l) ?? 1));
  const shapeOf = (t: Tensor, ...tail: Shape) => [...t.shape.slice(0, n), ...tail];
  const product = matmul(
    reshape(x, shapeOf(x, sizeOf(rowShape), inner)),
    reshape(y, shapeOf(y, inner, sizeOf(columnShape))),
  );
  return { x: reshape(product, shapeOf(product, ...rowShape, ...columnShape)), labels };
}

/** Axes to be summed over together: so many last and first ones, or lists of both. */
export type TensordotAxes = number | readonly [readonly number[], readonly number[]];

/**
 * Sum of products over pairs of axes.
 *
 * @param axes how many of `a`'s last axes meet as many of `b`'s first, or a list for each
 * @returns the other axes of `a`, then those of `b`
 * @throws ShapeError if an axis is not there or two sizes differ; DtypeError
 */
export function tensordot(
  a: Tensor, b: Tensor, { axes = 2 }: { readonly axes?: TensordotAxes } = {},
): Tensor {
  return composed("tensordot", () => {
    const rank = checkTensor("tensordot", a).shape.length;
    if (!Array.isArray(axes)) checkShape("tensordot", [axes as number]);
    const [left, right] = typeof axes === "number"
      ? [Array.from({ length: axes }, (_, i) => rank - axes + i),
        Array.from({ length: axes }, (_, i) => i)]
      : axes;
    checkList("tensordot", "axes", left);
    checkList("tensordot", "axes", right);
    const inA = left.map((axis) => resolveAxis("tensordot", axis, a.shape));
    const other = checkTensor("tensordot", b).shape;
    const inB = right.map((axis) => resolveAxis("tensordot", axis, other));
    const letter = (i: number) => String.fromCharCode(i < 26 ? 97 + i : 39 + i);
    const ofA = a.shape.map((_, i) => letter(i));
    const ofB = b.shape.map((_, i) => ofA[inA[inB.indexOf(i)] ?? -1] ?? letter(rank + i));
    const rest = (list: readonly string[], used: readonly number[]) => {
      return list.filter((_, i) => !used.includes(i)).join("");
    };
    const output = rest(ofA, inA) + rest(ofB, inB);
    return einsum(`${ofA.join("")},${ofB.join("")}->${output}`, a, b);
  });
}
