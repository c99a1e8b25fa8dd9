// The picture of a model's weights: the singular values of every layer, side by side.

import type { Scale } from "./scale.ts";
import { linearScale, logScale } from "./scale.ts";
import type { Attributes, Place } from "./svg.ts";
import { element, escapeXml, label, line, picture, THEME, through } from "./svg.ts";

/** The singular values of one layer. */
export interface LayerSpectrum {
  readonly name: string;
  readonly shape: readonly number[];
  /** Divided by the layer's target, so that 1 is where the norm should be; any order. */
  readonly values: readonly number[];
  /** The same before the training. */
  readonly initial?: readonly number[];
}

/** What the picture shows. */
export interface Spectra {
  readonly title: string;
  readonly subtitle?: string;
  readonly layers: readonly LayerSpectrum[];
}

const PANEL = { width: 190, height: 84, gapX: 24, gapY: 70 } as const;
const MARGIN = { left: 52, right: 24, top: 146, bottom: 44 } as const;
const MAX_LINEAR = 3; // above it the axis is logarithmic, or small spectra would be flat lines
const LOG_FLOOR = 0.01; // smaller singular values are drawn here

/**
 * Draws a small chart for each layer: singular value over index, largest first, all on one scale,
 * with a dashed line at the target and the spectrum before the training in grey.
 *
 * @returns the text of an SVG file
 */
export function spectra({ title, subtitle = "", layers }: Spectra): string {
  const sorted = layers.map((layer) => ({
    ...layer,
    values: descending(layer.values),
    initial: descending(layer.initial ?? []),
  }));
  const columns = columnsFor(layers.length);
  const rows = Math.ceil(layers.length / columns);
  const width = MARGIN.left + columns * (PANEL.width + PANEL.gapX) - PANEL.gapX + MARGIN.right;
  const height = MARGIN.top + rows * (PANEL.height + PANEL.gapY) - PANEL.gapY + MARGIN.bottom;
  const y = valueScale(sorted);
  const panels = sorted.map((layer, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const x = MARGIN.left + column * (PANEL.width + PANEL.gapX);
    const top = MARGIN.top + row * (PANEL.height + PANEL.gapY);
    const content = panel(layer, y, column === 0);
    return element("g", { transform: `translate(${x} ${top})` }, content);
  });
  const content = [heading(title, subtitle, y, sorted), ...panels].join("\n");
  return picture([width, height], title, content);
}

type Sorted = LayerSpectrum & { readonly initial: readonly number[] };

function descending(values: readonly number[]): number[] {
  return values.filter(Number.isFinite).sort((a, b) => b - a);
}

// Wide enough to compare, and no wider than a page.
function columnsFor(count: number): number {
  if (count <= 4) return Math.max(3, count);
  return count <= 24 ? 4 : 5;
}

function valueScale(layers: readonly Sorted[]): Scale {
  const firsts = layers.flatMap(({ values, initial }) => [values[0] ?? 0, initial[0] ?? 0]);
  const largest = Math.max(1.15, 1.05 * Math.max(...firsts));
  const options = { range: [PANEL.height, 0] as const, count: 3, whole: false };
  return largest > MAX_LINEAR
    ? logScale([LOG_FLOOR, largest], options)
    : linearScale([0, largest], options);
}

function heading(title: string, subtitle: string, y: Scale, layers: readonly Sorted[]): string {
  const bold = { "font-size": 18, "font-weight": 600, fill: THEME.ink };
  const kind = y.kind === "log" ? ", logarithmic" : "";
  const hasInitial = layers.some(({ initial }) => initial.length > 0);
  const entries = [
    { text: `singular value / target${kind}`, look: curveLook, width: kind === "" ? 168 : 246 },
    { text: "target", look: targetLook, width: 76 },
    ...(hasInitial ? [{ text: "before training", look: initialLook, width: 124 }] : []),
  ];
  let x: number = MARGIN.left;
  const legend = entries.map(({ text, look, width }) => {
    const mark = line([x, 76], [x + 18, 76], look) + label(text, [x + 24, 80], { fill: THEME.ink });
    x += width + 24;
    return mark;
  });
  return label(title, [MARGIN.left, 34], bold) + label(subtitle, [MARGIN.left, 54]) +
    legend.join("") + label("rank: stable rank, ‖W‖² / max²", [x, 80]);
}

const curveLook = { fill: "none", stroke: THEME.first, "stroke-width": 2 };
const targetLook = { stroke: THEME.second, "stroke-width": 1, "stroke-dasharray": "3 3" };
const initialLook = { fill: "none", stroke: THEME.axis, "stroke-width": 3 };

function panel(layer: Sorted, y: Scale, isFirst: boolean): string {
  const rules = y.ticks.map(({ value, text }) => {
    const at = y.place(value);
    const rule = line([0, at], [PANEL.width, at], { stroke: THEME.grid });
    return rule + (isFirst ? label(text, [-8, at + 4], { "text-anchor": "end" }) : "");
  });
  const target = line([0, y.place(1)], [PANEL.width, y.place(1)], targetLook);
  return [caption(layer), ...rules, curves(layer, y), target, indices(layer)].join("");
}

function caption({ name, shape, values }: Sorted): string {
  const bold = { "font-size": 11, "font-weight": 600, fill: THEME.ink };
  const facts = [shape.join("×")];
  if (values.length > 0) {
    facts.push(`max ${(values[0] ?? 0).toFixed(2)}`, `rank ${stableRank(values).toFixed(1)}`);
  }
  const full = element("title", {}, escapeXml(name));
  const text = element("text", { x: 0, y: -24, ...bold }, full + escapeXml(shorten(name)));
  return text + label(facts.join("  ·  "), [0, -9], { "font-size": 11 });
}

// How many directions carry weight: squared Frobenius norm over squared spectral norm.
function stableRank(values: readonly number[]): number {
  const largest = values[0] ?? 0;
  return largest === 0 ? 0 : values.reduce((sum, x) => sum + (x / largest) ** 2, 0);
}

const MAX_NAME = 27; // characters that fit over a panel

function shorten(name: string): string {
  const short = name.replace(/\.weight$/, "");
  if (short.length <= MAX_NAME) return short;
  return `${short.slice(0, 9)}…${short.slice(10 - MAX_NAME)}`; // which block, and what in it
}

function curves({ values, initial }: Sorted, y: Scale): string {
  const places = (list: readonly number[]): Place[] => {
    const last = Math.max(list.length - 1, 1);
    const found = list.map((value, i): Place => [(i / last) * PANEL.width, y.place(value)]);
    return found.length === 1 ? [...found, [PANEL.width, found[0]?.[1] ?? 0]] : found;
  };
  const [now, before] = [places(values), places(initial)];
  if (now.length === 0) return "";
  const floor: Place[] = [[PANEL.width, PANEL.height], [0, PANEL.height]];
  const area = { d: `${through([...now, ...floor])}Z`, fill: THEME.first, "fill-opacity": 0.1 };
  const path = (list: readonly Place[], look: Attributes): string =>
    list.length === 0 ? "" : element("path", { d: through(list), ...look });
  return element("path", area) + path(before, initialLook) + path(now, curveLook);
}

function indices({ values }: Sorted): string {
  const base = line([0, PANEL.height], [PANEL.width, PANEL.height], { stroke: THEME.axis });
  const look = { "font-size": 11 };
  const first = label("1", [0, PANEL.height + 15], look);
  const end = { ...look, "text-anchor": "end" };
  return base + first + label(String(values.length), [PANEL.width, PANEL.height + 15], end);
}
