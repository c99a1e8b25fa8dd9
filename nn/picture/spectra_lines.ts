// The picture of a model's weights: the singular values of every layer, side by side.

import { type DrawnLayer, layerCaption, panelGrid } from "./panels.ts";
import type { Scale } from "./scale.ts";
import { linearScale, logScale } from "./scale.ts";
import type { Attributes, Place } from "./svg.ts";
import { element, label, line, picture, THEME, through } from "./svg.ts";

/** A layer's spectrum, and what it was. */
export interface LayerLines extends DrawnLayer {
  /** The values before the training. */
  readonly initial?: readonly number[];
}

/** What the picture shows. */
export interface SpectraLines {
  readonly title: string;
  readonly subtitle?: string;
  readonly layers: readonly LayerLines[];
}

const PANEL = { width: 190, height: 84 } as const;
const MAX_LINEAR = 3; // above it the axis is logarithmic, or small spectra would be flat lines
const LOG_FLOOR = 0.01; // smaller singular values are drawn here

/**
 * Draws a small chart for each layer: singular value over index, largest first, all on one scale,
 * with a dashed line at the target and the spectrum before the training in grey.
 *
 * @returns the text of an SVG file
 */
export function spectraLines({ title, subtitle = "", layers }: SpectraLines): string {
  const sorted = layers.map((layer) => ({
    ...layer,
    values: descending(layer.values),
    initial: descending(layer.initial ?? []),
  }));
  const { place, size, columns } = panelGrid(layers.length, PANEL);
  const y = valueScale(sorted);
  const panels = sorted.map((layer, i) => {
    const content = panel(layer, y, i % columns === 0);
    return element("g", { transform: `translate(${place(i).join(" ")})` }, content);
  });
  const content = [heading(title, subtitle, y, sorted, place(0)[0]), ...panels].join("\n");
  return picture(size, title, content);
}

type Sorted = LayerLines & { readonly initial: readonly number[] };

function descending(values: readonly number[]): number[] {
  return values.filter(Number.isFinite).sort((a, b) => b - a);
}

function valueScale(layers: readonly Sorted[]): Scale {
  const firsts = layers.flatMap(({ values, initial }) => [values[0] ?? 0, initial[0] ?? 0]);
  const largest = Math.max(1.15, 1.05 * Math.max(...firsts));
  const options = { range: [PANEL.height, 0] as const, count: 3, whole: false };
  return largest > MAX_LINEAR
    ? logScale([LOG_FLOOR, largest], options)
    : linearScale([0, largest], options);
}

function heading(
  title: string, subtitle: string, y: Scale, layers: readonly Sorted[], left: number,
): string {
  const bold = { "font-size": 18, "font-weight": 600, fill: THEME.ink };
  const kind = y.kind === "log" ? ", log" : "";
  const hasInitial = layers.some(({ initial }) => initial.length > 0);
  const entries = [
    { text: `singular value / target${kind}`, look: curveLook, width: kind === "" ? 168 : 192 },
    { text: "target", look: targetLook, width: 76 },
    ...(hasInitial ? [{ text: "before training", look: initialLook, width: 124 }] : []),
  ];
  let x = left;
  const legend = entries.map(({ text, look, width }) => {
    const mark = line([x, 76], [x + 18, 76], look) + label(text, [x + 24, 80], { fill: THEME.ink });
    x += width + 16; // what is longer does not fit over three panels
    return mark;
  });
  return label(title, [left, 34], bold) + label(subtitle, [left, 54]) +
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
  const caption = layerCaption(layer, PANEL.width);
  return [caption, ...rules, curves(layer, y), target, indices(layer)].join("");
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
