// A module as text for people.

import { checkModule } from "./compose.ts";
import type { Module } from "./module.ts";
import type { Tie } from "./tie.ts";
import { levelOf } from "./weights.ts";

/** One line of the table. */
type Row = readonly [
  name: string, shape: string, parameters: string, mass: string, sensitivity: string, norm: string,
];

const HEAD: Row = ["", "shape", "parameters", "mass", "sensitivity", "norm"];

/**
 * A module as a tree: for every level and weight its shape, number of parameters, share of the
 * module's mass, sensitivity and norm. A tied weight is shown at every use and counted once.
 *
 * @returns lines of equal columns, without a line end after the last
 * @example
 * console.log(summary(mlp({ output: 10, input: 784, width: 64, depth: 3 })));
 */
export function summary(module: Module): string {
  checkModule("summary", module);
  const total: Row = [
    module.label ?? module.name, "", count(parametersOf(module)),
    `total ${number(module.mass)}`, number(module.sensitivity), "",
  ];
  const inner = module.label === undefined || module.kind === "atom" ? [module] : module.children;
  return table([HEAD, total, ...rowsOf(inner, 1, module.mass)]);
}

function rowsOf(modules: readonly Module[], depth: number, total: number): Row[] {
  return levelOf(modules).flatMap(({ name, module }): Row[] => {
    const indented = "  ".repeat(depth) + name;
    if (module.kind === "atom") return weightRows(indented, module, total);
    const own: Row = [
      indented, "", count(parametersOf(module)), percent(module.mass, total),
      number(module.sensitivity), "",
    ];
    return [own, ...rowsOf(module.children, depth + 1, total)];
  });
}

function weightRows(indented: string, module: Module, total: number): Row[] {
  return Object.entries(module.weights).map(([name, { shape, norm, mass, tie }]): Row => [
    `${indented}.${name}`, `[${shape.join(", ")}]`, count(sizeOf(shape)), percent(mass, total),
    number(module.sensitivity), `${norm.name}: ${norm.formula}${tie ? " (tied)" : ""}`,
  ]);
}

/** Number of parameters of all weights of a module; tied ones count once. */
function parametersOf(module: Module, seen = new Set<Tie>()): number {
  const own = Object.values(module.weights).filter(({ tie }) => !tie || !seen.has(tie));
  for (const { tie } of own) if (tie) seen.add(tie);
  const sum = own.reduce((n, { shape }) => n + sizeOf(shape), 0);
  return module.children.reduce((n, child) => n + parametersOf(child, seen), sum);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

function percent(mass: number, total: number): string {
  return total > 0 ? `${((100 * mass) / total).toFixed(1)} %` : "-";
}

function count(n: number): string {
  return n.toLocaleString("en");
}

function number(x: number): string {
  return String(Number(x.toPrecision(4)));
}

/** Text columns left-aligned (the first two and the last), numbers right-aligned. */
function table(rows: readonly Row[]): string {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  const cell = (text: string, i: number): string => {
    const width = widths[i] ?? 0;
    return i >= 2 && i <= 4 ? text.padStart(width) : text.padEnd(width);
  };
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}
