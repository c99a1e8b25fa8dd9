// Number formats: steps compute in f32, state and weights may be kept in halves.

import { type DType, type Tensor, cast, eq, where } from "../autograd/index.ts";
import { copyInto, isHalf, widenedCopy } from "../engine/index.ts";
import type { Range } from "./check.ts";
import { type Leaf, type Rule, type SlotShapes, type Slots, slotShapes, stagesOf } from
  "./pipeline.ts";

/** A dtype that has fractions. */
export type FloatType = Extract<DType, "f32" | "f16" | "bf16">;

/** A dtype for all state, or dtypes by what it holds. */
export type StateTypes = FloatType | Readonly<Record<string, FloatType>>;

const isFloatType = (x: unknown): x is FloatType => x === "f32" || x === "f16" || x === "bf16";

/** What the option `state` may be. */
export const STATE_RANGE: Range = {
  text: "f32, f16, bf16, or an object with these by what is kept",
  holds: (x) => isFloatType(x)
    || (typeof x === "object" && x !== null && Object.values(x).every(isFloatType)),
};

/** The name of f32 copies among the state. */
const MASTER = "master";

/** How an optimizer keeps its numbers, and how they get to a rule and back. */
export class Precision {
  readonly #op: string;
  readonly #types: StateTypes;
  readonly #master: boolean;

  /**
   * @param op the optimizer's name, for errors
   * @param types of the state
   * @param master whether half weights have f32 copies
   */
  constructor(op: string, types: StateTypes = "f32", master = true) {
    this.#op = op;
    this.#types = types;
    this.#master = master;
  }

  /** The dtype of a kind of state. */
  typeOf(name: string): FloatType {
    if (name === MASTER) return "f32";
    const types = this.#types;
    if (typeof types === "string") return types;
    return Object.hasOwn(types, name) ? types[name] ?? "f32" : "f32";
  }

  /** What is kept for a weight, its f32 copy included. */
  slots(rule: Rule, { shape, dtype }: Tensor, path: string): SlotShapes {
    const own = slotShapes(rule, shape, path);
    return this.#master && isHalf(dtype) ? { ...own, [MASTER]: shape } : own;
  }

  /**
   * Checks that dtypes are for something that is kept.
   *
   * @throws TypeError
   */
  check(wanted: Iterable<SlotShapes>): void {
    const types = this.#types;
    if (typeof types === "string") return;
    const names = new Set([...wanted].flatMap((shapes) => Object.keys(shapes)));
    names.delete(MASTER);
    for (const name of Object.keys(types)) {
      if (names.has(name)) continue;
      throw new TypeError(
        `${this.#op}: a dtype for a state that is not kept: ${name}. `
          + `There is ${[...names].join(", ") || "none"}.`,
      );
    }
  }

  /** A weight as a rule's stages see it: in f32, but where they take halves. */
  enter(rule: Rule, leaf: Leaf): Leaf {
    const { value, weight, state } = leaf;
    const [first] = stagesOf(rule);
    return {
      ...leaf,
      value: first?.halves ? value : inF32(value),
      weight: isHalf(weight.dtype) ? this.#copyOf(weight, state) : weight,
      state: takesHalves(rule) ? state : mapSlots(state, inF32),
    };
  }

  /** The f32 copy, which takes over what others did to the weight since the last step. */
  #copyOf(weight: Tensor, { [MASTER]: master }: Slots): Tensor {
    if (!master) return widenedCopy(weight);
    const same = eq(cast(master, weight.dtype), weight);
    copyInto(master, where(same, master, weight));
    return master;
  }

  /** Rounds what a rule changed to what is kept. */
  leave(kept: Leaf, { weight, state }: Leaf): void {
    if (weight !== kept.weight) copyInto(kept.weight, weight);
    for (const [name, t] of Object.entries(kept.state)) {
      const changed = state[name];
      if (changed && changed !== t) copyInto(t, changed);
    }
  }
}

function takesHalves(rule: Rule): boolean {
  return stagesOf(rule).every(({ slots, halves }) => slots === undefined || halves === true);
}

/** In f32: a copy of halves, and anything else as it is. */
export function inF32(t: Tensor): Tensor {
  return isHalf(t.dtype) ? widenedCopy(t) : t;
}

function mapSlots(slots: Slots, map: (t: Tensor) => Tensor): Slots {
  return Object.fromEntries(Object.entries(slots).map(([name, t]) => [name, map(t)]));
}
