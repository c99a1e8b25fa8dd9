// Sharpness: bounds on the second derivatives of a module, derived by composition.

import type { Module } from "./module.ts";

/**
 * Bounds on the second derivatives of a module on inputs and weights of norm at most one: a step
 * of modular norm d moves the first derivatives by at most `alpha d` in the weights, and so on.
 */
export interface Sharpness {
  /** Twice in the weights. */
  readonly alpha: number;
  /** Once in the weights, once in the input. */
  readonly beta: number;
  /** Twice in the input. */
  readonly gamma: number;
}

/** Of bonds that are linear. */
export const FLAT: Sharpness = { alpha: 0, beta: 0, gamma: 0 };

/** Of atoms that are linear in the weights and in the input, with sensitivity one. */
export const BILINEAR: Sharpness = { alpha: 0, beta: 1, gamma: 0 };

/** A part of a composition: what the rules need of it. */
interface Part {
  readonly mass: number;
  readonly sensitivity: number;
  readonly sharpness: Sharpness | undefined;
}

/** See `Module.sharpness`. Source: math.md 2.6; the Modula package, docs on sharpness */
export function sharpnessOf({ kind, children, mass, parts }: Module): Sharpness | undefined {
  if (kind === "tuple") return beside(children, mass);
  if (kind === "composite") return children.reduce<Part>(after, START).sharpness;
  return parts.sharpness;
}

/** The identity. */
const START: Part = { mass: 0, sensitivity: 1, sharpness: FLAT };

/** `outer` applied to what `inner` gives. */
function after(inner: Part, outer: Part): Part {
  const mass = inner.mass + outer.mass;
  const sensitivity = inner.sensitivity * outer.sensitivity;
  if (!inner.sharpness || !outer.sharpness) return { mass, sensitivity, sharpness: undefined };
  const share = (m: number) => (mass > 0 ? m / mass : 0);
  const [p1, p2] = [share(inner.mass), share(outer.mass)];
  const [s1, s2] = [inner.sensitivity, outer.sensitivity];
  const [one, two] = [inner.sharpness, outer.sharpness];
  const sharpness = {
    alpha: (p1 ** 2 * one.alpha) / s2 + p2 ** 2 * two.alpha + (2 * p1 * p2 * two.beta) / s2
      + (p1 ** 2 * two.gamma) / s2 ** 2,
    beta: p1 * one.beta + s1 * p2 * two.beta + (s1 / s2) * p1 * two.gamma,
    gamma: s2 * one.gamma + s1 ** 2 * two.gamma,
  };
  return { mass, sensitivity, sharpness };
}

/** Side by side. */
function beside(children: readonly Part[], mass: number): Sharpness | undefined {
  let sum: Sharpness | undefined = FLAT;
  for (const { mass: own, sharpness } of children) {
    if (!sharpness) return undefined;
    const p = mass > 0 ? own / mass : 0;
    sum = {
      alpha: sum.alpha + p ** 2 * sharpness.alpha,
      beta: sum.beta + p * sharpness.beta,
      gamma: sum.gamma + sharpness.gamma,
    };
  }
  return sum;
}
