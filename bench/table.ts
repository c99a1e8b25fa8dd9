// Results as a table for people.

import { type Circumstances, type Print, type Report, describe } from "./report.ts";
import type { Result } from "./run_case.ts";
import type { Timer } from "./timer.ts";

/** One column of the table. */
interface Column {
  readonly title: string;
  readonly width: number;
  readonly show: (result: Result) => string;
}

const NUMBERS: readonly Column[] = [
  { title: "median ms", width: 10, show: (r) => digits(r.median) },
  { title: "p90 ms", width: 8, show: (r) => digits(r.p90) },
  { title: "spread", width: 6, show: (r) => percent(r.spread) },
  { title: "runs", width: 5, show: (r) => String(r.runs) },
  { title: "GFLOP/s", width: 8, show: (r) => digits(r.gflops) },
  { title: "GB/s", width: 7, show: (r) => digits(r.gbps) },
];

const MATRICES: Column = {
  title: "matrices/s", width: 10, show: (r) => digits(r.matricesPerSecond ?? NaN),
};

const PER_OP: Column = {
  title: "us/op", width: 7, show: (r) => digits(r.hostUsPerOp ?? NaN),
};

const REST: readonly Column[] = [
  { title: "roofline", width: 12, show: ({ roofline }) => {
    return roofline ? `${percent(roofline.share)} ${roofline.bound}` : "reference";
  } },
  { title: "disp.", width: 5, show: (r) => String(r.dispatches) },
  { title: "host us", width: 7, show: (r) => digits(r.hostUs) },
  { title: "peak MB", width: 7, show: (r) => digits(r.peakBytes / 1e6) },
];

const KERNEL: Column = { title: "kernel", width: 30, show: (r) => r.kernel ?? "-" };

/** Three digits, and no exponent where people can do without. */
export function digits(x: number): string {
  if (!Number.isFinite(x)) return "-";
  if (x === 0) return "0";
  if (Math.abs(x) >= 1000) return String(Math.round(x));
  return Math.abs(x) >= 1e-4 ? String(Number(x.toPrecision(3))) : x.toExponential(1);
}

function percent(share: number): string {
  return `${digits(Math.round(share * 100))} %`;
}

/** What the table is of. */
export interface TableOptions {
  readonly timer: Timer["kind"];
  /** Names of all cases, which set the width of their column. */
  readonly names: readonly string[];
  /** Sizes of all cases, likewise. */
  readonly sizes: readonly string[];
  /** Whether the cases work on matrices, whose rate has a column. */
  readonly matrices: boolean;
  /** Whether the cases count operations, whose time on the host has a column. */
  readonly ops: boolean;
  /** Whether the cases have a choice of kernels, which then has a column. */
  readonly kernels?: boolean;
}

/** A table that grows by a row for each case; the adapter's name is on top. */
export function tableReport(about: Circumstances, options: TableOptions, print: Print): Report {
  const name = Math.max(...["case", ...options.names].map((text) => text.length));
  const size = Math.max(...["size", ...options.sizes].map((text) => text.length));
  const { matrices, ops, kernels } = options;
  const columns = [
    ...NUMBERS, ...(matrices ? [MATRICES] : []), ...REST, ...(ops ? [PER_OP] : []),
    ...(kernels ? [KERNEL] : []),
  ];
  const row = (first: string, second: string, cell: (column: Column) => string) => {
    const cells = columns.map((column) => cell(column).padStart(column.width));
    print([first.padEnd(name), second.padStart(size), ...cells].join("  "));
  };
  for (const line of heading(about, options)) print(line);
  row("case", "size", ({ title }) => title);
  return {
    result: (result) => row(result.name, result.size, ({ show }) => show(result)),
    leftOut: (list) => ["", ...describe(list)].forEach((line) => print(line)),
  };
}

function heading(about: Circumstances, { timer, matrices, ops }: TableOptions): string[] {
  const { adapter, host, software, commit } = about;
  const kind = software ? "software adapter" : "GPU";
  const clock = timer === "gpu" ? "GPU time, by timestamps" : "wall time: no timestamps here";
  return [
    `${adapter} (${kind}), ${host}${commit ? `, commit ${commit}` : ""}`,
    ...(software ? ["A software adapter: its numbers say nothing about a GPU."] : []),
    `Times are ${clock}. Host: microseconds to record and send one dispatch.`,
    "Roofline: share of what the two references on top allow a case; above 100 % for work that a",
    "cache holds.",
    ...(matrices ? ["Flops count one triangle of a symmetric product."] : []),
    ...(ops ? ["us/op: the host's microseconds for one operation, or one step."] : []),
    "",
  ];
}
