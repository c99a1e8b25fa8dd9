import type { Body } from "./program.ts";
import { sizeOf } from "../shape.ts";
import type { Chain } from "./chain.ts";
import type { Pending } from "./pending.ts";

/** Calls in a body that cost less than to store a result and to load it again. */
const LIGHT = /* @__PURE__ */ new Set([
  "op", "if", "select", "abs", "max", "min", "floor", "ceil", "round", "trunc", "sign", "bitcast",
  "f32", "i32", "u32", "T", "is_nan_f32",
]);
/** Steps that are worked out again at most for what is sure to be asked for. */
const FEW = 4;

const NONE: readonly Pending[] = [];
const known = /* @__PURE__ */ new WeakMap<Body, boolean>();

function isLight(body: Body): boolean {
  let light = known.get(body);
  if (light === undefined) {
    const op = body.wgsl.slice(body.wgsl.lastIndexOf("fn op"));
    light = [...op.matchAll(/\b(\w+)(?=[(<])/g)].every(([name]) => LIGHT.has(name));
    known.set(body, light);
  }
  return light;
}

/** What it takes to work a step out again: steps, and operands as large as the result. */
interface Cost {
  readonly steps: number;
  readonly reads: ReadonlySet<Pending | number>;
}

/**
 * The steps whose results are to be written along with the last one's: those that others hold.
 * Unless all are asked for, a step goes on waiting that can be worked out again: from one operand
 * at little cost, or at some where only a scope holds it, and so perhaps nobody will. What is
 * written over its operand is always kept, as its step cannot be done again.
 *
 * @param loaded whether a head takes the last one's result, which is then not written for itself
 */
export function stepsToKeep(chain: Chain, all: boolean, loaded = false): readonly Pending[] {
  const { steps } = chain;
  const last = steps.length - 1;
  if (last === 0 && !loaded) return NONE;
  const usesOf = ({ uses }: Pending, k: number) => uses + Number(k === last);
  const held = steps.map((step, k) => {
    return (k < last || loaded) && !step.uniform && step.storage.holders > usesOf(step, k);
  });
  if (!held.includes(true)) return NONE;
  if (all) return steps.filter((_, k) => held[k]);
  const costs: Cost[] = [];
  return steps.filter((step, k) => {
    const cost = costOf(chain, k, costs);
    const { storage, over } = step;
    const wanted = storage.kept > 0 || storage.readers > usesOf(step, k);
    const dear = wanted ? cost.steps > FEW || cost.reads.size > 1 : cost.steps === Infinity;
    const keep = held[k] === true && (dear || over !== undefined);
    costs.push(keep ? { steps: 0, reads: new Set([step]) } : cost);
    return keep;
  });
}

/** Cost of a step, given that of those before it. */
function costOf({ steps, args, leaves }: Chain, k: number, costs: readonly Cost[]): Cost {
  const { body, size, head } = steps[k] as Pending; // in range
  let count = isLight(body) && !head ? 1 : Infinity;
  const reads = new Set<Pending | number>();
  for (const { kind, at } of args[k] ?? []) {
    const leaf = leaves[at];
    if (kind === "v" && steps.some(({ over }) => over && over === leaf?.storage)) count = Infinity;
    if (kind === "v" && leaf && sizeOf(leaf.layout.shape) > size / 4) reads.add(at);
    if (kind !== "s") continue;
    count += costs[at]?.steps ?? 0;
    for (const read of costs[at]?.reads ?? []) reads.add(read);
  }
  return { steps: count, reads };
}
