import { type DType, wgslType } from "../dtype.ts";
import type { Argument, WgslType } from "./program.ts";
import { type Scalar, type Word, floatWord, isScalar, wholeWord } from "../live.ts";
import { type Layout, type Shape, sameLayout, sameShape } from "../shape.ts";
import type { Storage } from "../storage.ts";
import type { Input, Pending, Source } from "./pending.ts";

/** Elements in memory that a chain reads. */
export interface Leaf {
  readonly storage: Storage;
  readonly layout: Layout;
  readonly dtype: DType;
  /** The step that reads it first: it is broadcast to its shape, and stored as it takes it. */
  readonly reader: Pending;
}

/** A result that waits and all that wait for it alone or among others, to be computed together. */
export interface Chain {
  /** Each after those it takes; the result itself is the last. */
  readonly steps: readonly Pending[];
  /** Per step, what its body is given. */
  readonly args: readonly (readonly Argument[])[];
  readonly leaves: readonly Leaf[];
  /** Parameter words. */
  readonly constants: readonly Word[];
}

let chains = 0;

/** Gathers the chain that ends in a result. Its places and uses hold until the next is gathered. */
export function gather(root: Pending): Chain {
  const chain: Growing = { steps: [], args: [], leaves: [], constants: [] };
  chains++;
  visit(root, chain);
  return chain;
}

/** Counts the steps of the chain that ends in a result, each once. */
export function countSteps(root: Pending): number {
  return gather(root).steps.length;
}

/** Bytes of memory that only results that wait hold, and that the chain of this one reads. */
export function bytesHeldFor(root: Pending): number {
  const storages = new Set<Storage>();
  addRead(root, storages);
  return [...storages].reduce((bytes, { abandoned, buffer }) => {
    return abandoned ? bytes + buffer.size : bytes;
  }, 0);
}

/** Adds the memory that a chain reads: by its steps, by its head, and by the chain before that. */
function addRead(root: Pending, storages: Set<Storage>): void {
  const { steps, leaves } = gather(root);
  for (const { storage } of leaves) storages.add(storage);
  for (const { head, inputs } of steps) {
    if (!head) continue;
    for (const x of inputs) {
      if (isScalar(x)) continue;
      if (x.storage.pending) addRead(x.storage.pending, storages);
      else storages.add(x.storage);
    }
  }
}

interface Growing {
  readonly steps: Pending[];
  readonly args: Argument[][];
  readonly leaves: Leaf[];
  readonly constants: Word[];
}

function visit(step: Pending, into: Growing): void {
  step.chain = chains;
  step.uses = 0;
  const args: Argument[] = [];
  if (step.head) args.push({ kind: "h", at: 0, convert: false });
  else for (const x of step.inputs) args.push(argument(x, step, into));
  step.place = into.steps.push(step) - 1;
  into.args.push(args);
}

function argument(x: Input, step: Pending, into: Growing): Argument {
  const { type } = step;
  if (isScalar(x)) {
    const at = into.constants.push(constantWord(x, type)) - 1;
    return { kind: "c", at, convert: false };
  }
  const { pending } = x.storage;
  if (!pending) {
    const convert = x.convert && !step.moved && wgslType(x.dtype) !== type;
    return { kind: "v", at: leafAt(x, step, into.leaves), convert };
  }
  if (pending.chain !== chains) visit(pending, into);
  pending.uses++;
  return { kind: "s", at: pending.place, convert: x.convert && pending.value !== type };
}

/** A constant as a parameter word. */
function constantWord(x: Scalar, type: WgslType): Word {
  return type === "f32" ? floatWord(x) : wholeWord(x);
}

function leafAt({ storage, layout, dtype }: Source, reader: Pending, leaves: Leaf[]): number {
  for (let k = 0; k < leaves.length; k++) {
    const leaf = leaves[k] as Leaf; // in range
    if (leaf.storage === storage && leaf.dtype === dtype && sameLayout(leaf.layout, layout)
      && sameShape(shapeOf(leaf), reader.layout.shape)) return k;
  }
  return leaves.push({ storage, layout, dtype, reader }) - 1;
}

/** The shape that a leaf is broadcast to. */
export function shapeOf({ reader }: Leaf): Shape {
  return reader.layout.shape;
}
