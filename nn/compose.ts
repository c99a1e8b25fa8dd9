// The algebra of modules. Everything here takes modules and gives a new one; see the
// composition rules of mass and sensitivity at each.

import { ShapeError } from "../engine/index.ts";
import { addBond, checkFactor, checkSensitivity, identity, mul } from "./bonds.ts";
import { kindOf } from "./checks.ts";
import { Module, type Width } from "./module.ts";

/**
 * Checks that a value is a module.
 *
 * @throws TypeError naming what it is instead
 */
export function checkModule(op: string, x: unknown): asserts x is Module {
  if (x instanceof Module) return;
  const hint = typeof x === "function" ? "Call what makes it: relu()" : "Make one, as by linear()";
  throw new TypeError(`${op}: not a module: ${kindOf(x)}. ${hint}.`);
}

/**
 * Modules applied one after the other, the last one first: `compose(f, g)` is f after g.
 * Masses add up, sensitivities multiply.
 *
 * @param modules outermost first, as on paper; at least one
 * @throws ShapeError naming the module, if the output of one does not fit the next
 * @example
 * const mlp = compose(linear(10, 64), relu(), linear(64, 784));
 */
export function compose(...modules: readonly Module[]): Module {
  const children = [...modules].reverse();
  children.forEach((child) => checkModule("compose", child));
  const [only] = children;
  if (!only) throw new RangeError("compose: no modules to compose. Give at least one.");
  return children.length === 1 ? only : composite(children);
}

function composite(children: readonly Module[], label?: string): Module {
  return checked(new Module({
    ...totals(children), kind: "composite", name: "composite", label,
    sensitivity: children.reduce((product, m) => product * m.sensitivity, 1),
    lipschitz: children.reduce((product, m) => product * m.lipschitz, 1),
    widths: (input) => input, // children are followed one by one
  }));
}

/**
 * Modules side by side: all get the same input, the outputs make a list. Masses and sensitivities
 * add up.
 */
export function tuple(...modules: readonly Module[]): Module {
  if (modules.length === 0) throw new RangeError("tuple: no modules. Give at least one.");
  modules.forEach((module) => checkModule("tuple", module));
  return checked(new Module({
    ...totals(modules), kind: "tuple", name: "tuple",
    sensitivity: modules.reduce((total, m) => total + m.sensitivity, 0),
    lipschitz: modules.reduce((total, m) => total + m.lipschitz, 0),
    widths: (input) => input,
  }));
}

function totals(children: readonly Module[]) {
  const sum = (of: (m: Module) => number) => children.reduce((total, m) => total + of(m), 0);
  return {
    children,
    mass: sum((m) => m.mass),
    smooth: children.every((m) => m.smooth),
    atoms: sum((m) => m.atoms),
    bonds: sum((m) => m.bonds),
  };
}

/** The sum of the outputs of modules with the same input. Masses and sensitivities add up. */
export function add(...modules: readonly Module[]): Module {
  return compose(addBond(), tuple(...modules));
}

/**
 * A module with its output multiplied by a number, whose absolute value multiplies the
 * sensitivity.
 *
 * @throws RangeError if `factor` is zero or not finite
 */
export function scale(factor: number, module: Module): Module {
  checkModule("scale", module);
  checkFactor(factor, ` for ${module.label ?? module.name}`);
  return compose(mul(factor), module);
}

/** A module with its input multiplied by a number; as `scale`. */
export function scaleInput(module: Module, factor: number): Module {
  checkModule("scaleInput", module);
  checkFactor(factor, ` for ${module.label ?? module.name}`);
  return compose(module, mul(factor));
}

/**
 * Blocks applied one after the other, block 0 first, named `0`, `1`, .. in the tree of weights.
 *
 * @param count >= 0; none is the identity
 * @param makeBlock called with 0, 1, ..
 * @example
 * named("blocks", repeat(6, () => compose(mlpBlock, attentionBlock)));
 */
export function repeat(count: number, makeBlock: (index: number) => Module): Module {
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(`repeat: not a whole number of blocks: ${count}. Use 0 or more.`);
  }
  const blocks = Array.from({ length: count }, (_, i) => named(String(i), makeBlock(i)));
  return compose(...blocks.reverse(), identity());
}

/** `count` independent copies of a module, applied one after the other; see `repeat`. */
export function power(module: Module, count: number): Module {
  return repeat(count, () => module);
}

/**
 * One residual branch of `branches`: `(1 - 1/branches) x + (1/branches) block(x)`. With a block of
 * sensitivity one, any number of these in a row has sensitivity one.
 *
 * @param branches how many residual branches there are in all, >= 1; for 1 it is the block alone
 */
export function residual(block: Module, branches: number): Module {
  if (!Number.isInteger(branches) || branches < 1) {
    throw new RangeError(`residual: not a whole number of branches: ${branches}. Use 1 or more.`);
  }
  if (branches === 1) return block;
  return add(scale(1 - 1 / branches, identity()), scale(1 / branches, block));
}

/**
 * A module under a name, which opens a level in the tree of weights. An atom without a label of
 * its own takes the name: `named("query", linear(4, 4))` has the weight `query.weight`.
 *
 * @param label not empty, without dots
 */
export function named(label: string, module: Module): Module {
  checkModule(`named ${label}`, module);
  if (label === "" || label.includes(".")) {
    throw new RangeError(`named: not a name: "${label}". Use one without dots.`);
  }
  if (module.label !== undefined || module.kind === "bond") return composite([module], label);
  return checked(new Module({ ...module.parts, label }));
}

/**
 * A module that composition reckons with another sensitivity: one that holds for the average
 * input, say. It is certified as long as that is no less than its true bound.
 *
 * @throws RangeError if the sensitivity is not positive
 * @example
 * const relu2024 = withSensitivity(relu(), Math.SQRT1_2);
 */
export function withSensitivity(module: Module, sensitivity: number): Module {
  checkModule("withSensitivity", module);
  checkSensitivity(module.label ?? module.name, sensitivity);
  const { parts, lipschitz } = module;
  return new Module({ ...parts, sensitivity, lipschitz });
}

/** A module over its sensitivity, so that this is one: `unitSensitivity(silu())`. */
export function unitSensitivity(module: Module): Module {
  checkModule("unitSensitivity", module);
  return module.sensitivity === 1 ? module : scale(1 / module.sensitivity, module);
}

/** What `tare` sets; give one of the two. */
export interface TareOptions {
  /** The mass it shall have, >= 0. */
  readonly absolute?: number;
  /** What its mass is multiplied by, >= 0. */
  readonly relative?: number;
}

/**
 * A module with another mass; those of its parts change in proportion. Mass 0 freezes it.
 *
 * @param to a number is an absolute mass
 * @throws RangeError for a negative mass, or a positive one for a module without mass
 * @example
 * tare(repeat(6, makeBlock), 5);
 */
export function tare(module: Module, to: number | TareOptions): Module {
  checkModule("tare", module);
  const { absolute, relative } = typeof to === "number" ? { absolute: to } : { ...to };
  const wanted = absolute ?? (relative ?? NaN) * module.mass;
  const both = absolute !== undefined && relative !== undefined;
  if (both || !(wanted >= 0 && wanted < Infinity)) {
    throw new RangeError(
      `tare: not a mass: absolute ${absolute}, relative ${relative}. Give one number >= 0.`,
    );
  }
  if (module.mass > 0) return multiplyMass(module, wanted / module.mass);
  if (wanted === 0) return module;
  throw new RangeError(
    `tare: the module has no mass to change: ${module.label ?? module.name}, to ${wanted}. `
      + `Use withMass on its atoms.`,
  );
}

/**
 * A module with that mass. An atom may have had any; a composite's parts change in proportion.
 *
 * @param mass >= 0; 0 freezes
 */
export function withMass(module: Module, mass: number): Module {
  checkModule("withMass", module);
  const weights = Object.values(module.weights);
  if (module.kind !== "atom" || module.mass > 0) return tare(module, mass);
  const even = { ...module.parts, mass: weights.length, weights: eachMass(module, () => 1) };
  return tare(new Module(even), mass);
}

function multiplyMass(module: Module, factor: number): Module {
  return new Module({
    ...module.parts,
    mass: module.mass * factor,
    children: module.children.map((child) => multiplyMass(child, factor)),
    weights: eachMass(module, (mass) => mass * factor),
  });
}

function eachMass(module: Module, change: (mass: number) => number): Module["weights"] {
  return Object.fromEntries(Object.entries(module.weights).map(([name, spec]) => {
    return [name, { ...spec, mass: change(spec.mass) }];
  }));
}

/** Follows the widths through a new module, so that what cannot fit is found when it is made. */
function checked(module: Module): Module {
  outputWidth(module);
  return module;
}

/**
 * Size of the last axis a module gives.
 *
 * @param input that of its input, as far as it is known
 * @returns undefined where it is not known
 * @throws ShapeError naming the module that the width does not fit
 */
export function outputWidth(module: Module, input?: Width): Width {
  return follow(module, input, "");
}

function follow(module: Module, input: Width, above: string): Width {
  const { kind, name, label, children, parts } = module;
  const path = [above, label ?? (kind === "atom" || kind === "bond" ? name : "")]
    .filter((part) => part !== "").join(".");
  if (kind === "tuple") return children.map((child) => follow(child, input, path));
  if (kind === "composite") return children.reduce((w, child) => follow(child, w, path), input);
  return parts.widths(input, (takes) => {
    throw new ShapeError(
      `compose: modules do not fit: ${path} takes ${takes}, is given ${showWidth(input)}. `
        + `Change its sizes or those of the module before it.`,
    );
  });
}

function showWidth(width: Width): string {
  if (width === undefined) return "an unknown width";
  if (typeof width === "number") return `width ${width}`;
  if ("channels" in width) return `${width.channels} channels`;
  return `a list (${width.map(showWidth).join(", ")})`;
}
