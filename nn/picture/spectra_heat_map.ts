// The picture of a training: the singular values of every layer at every step, as colours.

import type { LayerSpectrum, SpectraSnapshot } from "../spectra.ts";
import { layerCaption, panelGrid } from "./panels.ts";
import { type Tick, linearScale, logScale, shortText } from "./scale.ts";
import { THEME, element, label, line, picture } from "./svg.ts";

/** What the picture shows. */
export interface SpectraHeatMap {
  readonly title: string;
  readonly subtitle?: string;
  /** All of one module, by rising step. */
  readonly snapshots: readonly SpectraSnapshot[];
}

const PANEL = { width: 200, height: 104 } as const;
const MOST = { rows: 52, columns: 100 } as const; // more than the picture has pixels for
const LEVELS = 18; // shades on either side of the target
const BAR = { width: 200, height: 10 } as const;
const TICK_ROOM = 26; // pixels between the marks of the legend
const ROUNDING = 1.005; // what is not above it has no colour of its own

/** From zero over small to the target, and from there to the largest. */
const BELOW = ["#0b1d3a", "#12406f", "#1f6f9f", "#4fa3b5", "#a5d0c6", "#f3f1e3"] as const;
const ABOVE = ["#f3f1e3", "#f6c78f", "#e8873f", "#c6421d", "#7d1410"] as const;

/**
 * Draws one map for each layer: from left to right the steps, from top to bottom the values, the
 * largest on top; the colour is the value over the layer's target. At the target it is pale, below
 * blue, above red. Values that are not finite are left out.
 *
 * @returns the text of an SVG file
 * @example
 * const svg = spectraHeatMap({ title: "Spectra", snapshots: history.snapshots });
 */
export function spectraHeatMap({ title, subtitle = "", snapshots }: SpectraHeatMap): string {
  const shown = thin(snapshots);
  const last = shown.at(-1)?.layers ?? [];
  const all = shown.flatMap(({ layers }) => layers.flatMap(({ values }) => values[0] ?? 0));
  const shades = shadesUpTo(Math.max(1, ...all.filter(Number.isFinite)));
  const steps = shown.map(({ step }) => step);
  const { place, size, columns } = panelGrid(last.length, PANEL);
  const panels = last.map((layer, i) => {
    const map = cells(shown.map(({ layers }) => layers[i]?.values ?? []), edgesOf(steps), shades);
    const content = layerCaption(layer, PANEL.width) + map + frame(steps, layer, i % columns === 0);
    return element("g", { transform: `translate(${place(i).join(" ")})` }, content);
  });
  const head = heading(title, subtitle, shades, place(0)[0]);
  return picture(size, title, [head, ...panels].join("\n"));
}

/** Snapshots evenly left out, so that there are no more than can be seen; the last stays. */
function thin(snapshots: readonly SpectraSnapshot[]): readonly SpectraSnapshot[] {
  const every = Math.ceil(snapshots.length / MOST.columns);
  return snapshots.filter((_, i) => (snapshots.length - 1 - i) % every === 0);
}

/** A shade for every value. */
interface Shades {
  readonly colors: readonly string[];
  /** Which of the colours. */
  readonly level: (value: number) => number;
  /** Place of a value on the bar of the legend. */
  readonly place: (value: number) => number;
  readonly ticks: readonly Tick[];
}

/** Even steps up to the target, and from there even factors: either has its half of the bar. */
function shadesUpTo(top: number): Shades {
  const both = top > ROUNDING;
  const target = both ? BAR.width / 2 : BAR.width;
  const below = linearScale([0, 1], { range: [0, target], count: 2, whole: false });
  const range = [target, BAR.width] as const;
  const above = both ? logScale([1, top], { range, count: 3, whole: false }) : undefined;
  const level = (value: number): number => {
    if (value <= 1 || !above) return Math.min(LEVELS - 1, Math.floor(value * LEVELS));
    const part = (above.place(value) - target) / (BAR.width - target);
    return LEVELS + Math.min(LEVELS - 1, Math.floor(part * LEVELS));
  };
  const shades = (stops: readonly string[]) => Array.from({ length: LEVELS }, (_, i) => {
    return blend(stops, (i + 0.5) / LEVELS);
  });
  const end: Tick = { value: top, text: shortText(Number(top.toPrecision(2))) };
  const later = above?.ticks.filter(({ value }) => {
    const at = above.place(value);
    return at > target + TICK_ROOM && at < BAR.width - TICK_ROOM;
  }) ?? [];
  return {
    colors: [...shades(BELOW), ...(both ? shades(ABOVE) : [])], level,
    place: (value) => (value > 1 && above ? above : below).place(value),
    ticks: [...below.ticks, ...later, ...(both ? [end] : [])],
  };
}

/** The colour at a place in [0, 1] of a row of colours. */
function blend(stops: readonly string[], part: number): string {
  const at = part * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(at));
  const channels = [1, 3, 5].map((from) => {
    const [a, b] = [index, index + 1].map((i) => {
      return parseInt((stops[i] ?? "").slice(from, from + 2), 16);
    }) as [number, number]; // two went in
    return Math.round(a + (b - a) * (at - index)).toString(16).padStart(2, "0");
  });
  return `#${channels.join("")}`;
}

/** Where the columns begin and end: halfway to their neighbours. */
function edgesOf(steps: readonly number[]): number[] {
  const [first = 0, last = 0] = [steps[0], steps.at(-1)];
  const span = last - first;
  if (span <= 0) return [0, PANEL.width];
  const middles = steps.slice(1).map((step, i) => (step + (steps[i] ?? 0)) / 2);
  return [0, ...middles.map((step) => ((step - first) / span) * PANEL.width), PANEL.width];
}

/** One path for each shade, made of the runs of equal shade in every row. */
function cells(
  columns: readonly (readonly number[])[], edges: readonly number[], shades: Shades,
): string {
  const count = Math.max(0, ...columns.map((values) => values.length));
  const rows = Math.min(count, MOST.rows);
  const paths = shades.colors.map(() => "");
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = [row, row + 1].map((r) => round((r / rows) * PANEL.height));
    const index = rows === 1 ? 0 : Math.round((row / (rows - 1)) * (count - 1));
    const levels = columns.map((values) => {
      const value = values[index];
      return value !== undefined && Number.isFinite(value) ? shades.level(value) : -1;
    });
    let from = 0;
    levels.forEach((level, i) => {
      if (level === levels[i + 1]) return;
      const [left, right] = [round(edges[from] ?? 0), round(edges[i + 1] ?? 0)];
      if (level >= 0) paths[level] += `M${left} ${top}H${right}V${bottom}H${left}Z`;
      from = i + 1;
    });
  }
  const drawn = paths.map((d, i) => d && element("path", { d, fill: shades.colors[i] ?? "" }));
  return element("g", { "shape-rendering": "crispEdges" }, drawn.join(""));
}

function round(x: number): number {
  return Math.round(x * 100) / 100;
}

function frame(steps: readonly number[], { values }: LayerSpectrum, isFirst: boolean): string {
  const { width, height } = PANEL;
  const look = { "font-size": 11 };
  const end = { ...look, "text-anchor": "end" };
  const box = element("rect", { width, height, fill: "none", stroke: THEME.axis });
  const first = label(String(steps[0] ?? ""), [0, height + 15], look);
  const last = label(String(steps.at(-1) ?? ""), [width, height + 15], end);
  const name = label("step", [width / 2, height + 15], { ...look, "text-anchor": "middle" });
  const ranks = isFirst ? label("first", [-8, 10], end) + label("last", [-8, height - 2], end) : "";
  return box + first + name + last + (values.length > 1 ? ranks : "");
}

function heading(title: string, subtitle: string, shades: Shades, left: number): string {
  const { colors, place, ticks } = shades;
  const bold = { "font-size": 18, "font-weight": 600, fill: THEME.ink };
  const width = BAR.width / colors.length;
  const bar = colors.map((fill, i) => {
    return element("rect", { x: left + i * width, y: 70, width, height: BAR.height, fill });
  });
  const marks = ticks.map(({ value, text }) => {
    const [x, isTarget] = [left + place(value), value === 1];
    const stroke = isTarget ? THEME.ink : THEME.axis;
    const mark = line([x, isTarget ? 68 : 80], [x, 84], { stroke });
    return mark + label(text, [x, 96], { "font-size": 11, "text-anchor": "middle" });
  });
  const key = element("g", { "shape-rendering": "crispEdges" }, bar.join("")) + marks.join("");
  const above = colors.length > LEVELS ? ", red above it" : "";
  const aside = left + BAR.width + 24;
  const about = label(`singular value / target: pale at the target, blue below${above}`,
    [aside, 80], { fill: THEME.ink });
  const rank = label("max, rank: at the last step; stable rank, ‖W‖² / max²", [aside, 96]);
  return label(title, [left, 34], bold) + label(subtitle, [left, 54]) + key + about + rank;
}
