// Random modules of one width, and the norm recursion written out from the specification.

import { type Module, abs, add, compose, identity, linear, power, relu, residual, scale,
  scaleInput, tare, withMass } from "../../nn/index.ts";
import type { TestRng } from "../harness.ts";

/** What a random module may contain. */
export interface RandomModuleOptions {
  /** Only factors of absolute value up to one, so that no value grows beyond norm one. */
  readonly contracting?: boolean;
  /** Some parts of mass zero. */
  readonly frozen?: boolean;
}

/**
 * A random module from `[.., width]` to `[.., width]`.
 *
 * @param depth most levels of composition
 */
export function randomModule(
  rng: TestRng, width: number, depth: number, options: RandomModuleOptions = {},
): Module {
  const { contracting = false, frozen = false } = options;
  const part = () => randomModule(rng, width, depth - 1, options);
  const leaf = () => linear(width, width);
  if (depth === 0) return frozen && rng.int(4) === 0 ? withMass(leaf(), 0) : leaf();
  const factor = (contracting ? 1 : 3) * (0.2 + 0.8 * rng.uniform()) * (rng.int(2) ? 1 : -1);
  const choices: readonly (() => Module)[] = [
    () => compose(part(), part()),
    () => compose(part(), relu(), part()),
    () => compose(abs(), part()),
    () => scale(factor, part()),
    () => scaleInput(part(), factor),
    () => residual(part(), 2 + rng.int(3)),
    () => power(part(), 1 + rng.int(2)),
    () => tare(part(), { relative: 0.5 + rng.uniform() }),
    () => compose(part(), identity()),
    () => (contracting ? scale(0.5, add(part(), part())) : add(part(), part())),
  ];
  return (choices[rng.int(choices.length)] ?? part)();
}

/**
 * The modular norm by its recursion, from the norms of the weights in canonical order.
 *
 * Source: math.md 2.2
 */
export function recursiveNorm(module: Module, norms: readonly number[]): number {
  const { kind, mass, children } = module;
  if (mass === 0) return 0;
  if (kind === "atom") return norms[0] ?? NaN;
  const parts = split(children, norms);
  if (kind === "tuple") {
    return Math.max(...parts.map((part) => term(mass, part[0].mass, recursiveNorm(...part))));
  }
  const [last, ...inner] = [...parts].reverse();
  if (!last) return 0;
  const own = term(mass, last[0].mass, recursiveNorm(...last));
  if (inner.length === 0) return own;
  const rest = compose(...inner.map(([child]) => child));
  const restNorm = recursiveNorm(rest, norms.slice(0, rest.atoms));
  return Math.max(term(mass, rest.mass, restNorm) * last[0].sensitivity, own);
}

/** `(m / mi) norm`; a part of mass zero drops out. */
function term(mass: number, own: number, norm: number): number {
  return own === 0 ? 0 : (mass / own) * norm;
}

/**
 * What every weight gets of a target norm, by the recursion of `dualize`.
 *
 * Source: math.md 2.2
 */
export function recursiveTargets(module: Module, target: number): number[] {
  const { kind, mass, children, atoms } = module;
  if (mass === 0) return new Array<number>(atoms).fill(0);
  if (kind === "atom") return [target];
  if (kind === "tuple") {
    return children.flatMap((child) => recursiveTargets(child, (target * child.mass) / mass));
  }
  const [last, ...inner] = [...children].reverse();
  if (!last) return [];
  const own = recursiveTargets(last, (target * last.mass) / mass);
  if (inner.length === 0) return own;
  const rest = compose(...inner);
  const share = (target * rest.mass) / mass / last.sensitivity;
  return [...recursiveTargets(rest, share), ...own];
}

function split(
  children: readonly Module[], norms: readonly number[],
): (readonly [Module, readonly number[]])[] {
  let from = 0;
  return children.map((child) => [child, norms.slice(from, from += child.atoms)] as const);
}
