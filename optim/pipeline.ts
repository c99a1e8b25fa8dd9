import { type Scalar, type Shape, type Tensor, decide, live } from "../engine/index.ts";

/** Named tensors that an optimizer keeps for one weight. */
export type Slots = Readonly<Record<string, Tensor>>;

/** Shapes of a weight's state by name. */
export type SlotShapes = Readonly<Record<string, Shape>>;

/** One weight on its way through the pipeline. */
export interface Leaf {
  /** Names joined by dots. */
  readonly path: string;
  readonly weight: Tensor;
  /** The gradient as it was given. */
  readonly grad: Tensor;
  /** The gradient at first, then its average, then the direction; the weight's shape. */
  readonly value: Tensor;
  /** Factor of the value, left to the step, where it costs no pass over memory. */
  readonly gain: number;
  /** Factor of the learning rate for this weight, >= 0. */
  readonly lrFactor: number;
  readonly state: Slots;
}

/** When a step happens. */
export interface Now {
  /** Counts from 1. */
  readonly step: number;
  /** Learning rate of this step, >= 0. */
  readonly rate: number;
}

/**
 * A step, as the stages are told of it. What they do they may do once for many steps, inside
 * `compile`: so they get no numbers that hold for one step alone.
 */
export interface Moment {
  /**
   * A number for a kernel, by when the step happens.
   *
   * @param compute called for every step, in compiled ones too
   */
  readonly live: (compute: (now: Now) => number) => Scalar;
  /**
   * What to do, by when the step happens.
   *
   * @param compute called for every step; one that comes out otherwise is recorded by itself
   */
  readonly decide: <T extends number | string | boolean>(compute: (now: Now) => T) => T;
  /**
   * A scalar that is not 0 where a gradient is not finite: every stage that changes state or
   * weights in place leaves them then as they are.
   */
  readonly refused?: Tensor | undefined;
}

/** A moment by the clock. */
export function momentAt(now: () => Now): Moment {
  return {
    live: (compute) => live(() => compute(now())),
    decide: (compute) => decide(() => compute(now())),
  };
}

/**
 * One stage of the pipeline. It sees all weights of its rule at once, so that it may treat them
 * together: matrices of one shape as a batch, norms over a whole module.
 */
export interface Stage {
  /** Whether it takes values and state of dtype f16 and bf16. Default: it is given f32. */
  readonly halves?: boolean;
  /**
   * It treats every element by itself, of all weights alike, and keeps for it what is of the
   * weight's shape: small weights may come to it side by side, as one tensor. "values" has nothing
   * to do with the weights, "reads" reads them, "moves" changes them. Default: none of it.
   */
  readonly flat?: "values" | "reads" | "moves";
  /** Names and shapes of what it keeps for a weight of that shape and path; zeros at first. */
  readonly slots?: (shape: Shape, path: string) => SlotShapes;
  /**
   * Throws if it cannot do the step; called for every stage before anything is recorded, and
   * before every replay, of which it sees shapes and paths. Values
   * are the gradients, and there is no state yet.
   */
  readonly check?: (leaves: readonly Leaf[], now: Now) => void;
  /**
   * Records the work. It may change the state in place; it must not change the values it gets,
   * which may be the caller's gradients or a stage's state.
   *
   * @returns the leaves with new values, in the same order. Leaves that are left out do not move
   */
  readonly run: (leaves: readonly Leaf[], moment: Moment) => readonly Leaf[];
}

/** How some of the weights are updated: `average -> dualize -> step`. */
export interface Rule {
  /** Shown in routes, and by which its learning rate is changed. */
  readonly name: string;
  /** Learning rate before the schedule, >= 0. */
  readonly lr: number;
  /**
   * What is done to gradients before they are averaged: coupled decay, clipping, a reduction over
   * workers. In order.
   */
  readonly prepare?: readonly Stage[];
  readonly average: Stage;
  readonly dualize: Stage;
  /** Changes the weights in place. */
  readonly step: Stage;
  /**
   * Weights have nothing to do with each other: the stages run for one after the other, in the same
   * memory, which takes more time. Default false: for all at once.
   */
  readonly apart?: boolean;
}

/** A stage that does nothing. */
export const PASS: Stage = { run: (leaves) => leaves };

/** All stages of a rule that do something, in order. */
export function stagesOf({ prepare = [], average, dualize, step }: Rule): readonly Stage[] {
  return [...prepare, average, dualize, step].filter((stage) => stage !== PASS);
}

/** State of all stages of a rule together, for one weight; their names differ. */
export function slotShapes(rule: Rule, shape: Shape, path: string): SlotShapes {
  const all = stagesOf(rule).flatMap(({ slots }) => Object.entries(slots?.(shape, path) ?? {}));
  return Object.fromEntries(all);
}

/** A stage that treats every weight by itself. */
export function eachLeaf(map: (leaf: Leaf, moment: Moment) => Tensor): Stage["run"] {
  return (leaves, moment) => leaves.map((leaf) => ({ ...leaf, value: map(leaf, moment) }));
}
