// The picture of a training: loss over steps.

import type { Scale } from "./scale.ts";
import { fittingScale, linearScale } from "./scale.ts";
import type { Place } from "./svg.ts";
import { element, label, line, picture, THEME, through } from "./svg.ts";

/** A loss at a step. */
export type LossPoint = readonly [step: number, loss: number];

/** What the picture shows. */
export interface LossCurve {
  readonly title: string;
  readonly subtitle?: string;
  /** What the loss is measured in, for example `nats per character`. */
  readonly unit: string;
  readonly train: readonly LossPoint[];
  readonly validation: readonly LossPoint[];
}

const SIZE = [760, 440] as const;
const BOX = { left: 64, right: 736, top: 96, bottom: 392 } as const;
const LEGEND_WIDTH = 148;
const MAX_POINTS = 600; // more than the picture has pixels for
const SMOOTH_FROM = 40; // fewer points are not smoothed

/**
 * Draws the losses of training and validation over the steps. Losses that are not finite are left
 * out; the loss axis is logarithmic where the losses span a factor of eight.
 *
 * @returns the text of an SVG file
 */
export function lossCurve({ title, subtitle = "", unit, train, validation }: LossCurve): string {
  const isFinite = (p: LossPoint): boolean => p.every(Number.isFinite);
  const [raw, held] = [thin(train.filter(isFinite)), validation.filter(isFinite)];
  const all = [...raw, ...held];
  const head = heading(title, subtitle);
  if (all.length === 0) return picture(SIZE, title, head + label("no steps", [BOX.left, 240]));
  const [steps, losses] = [all.map(([step]) => step), all.map(([, loss]) => loss)];
  const x = linearScale([0, Math.max(...steps)], {
    range: [BOX.left, BOX.right],
    count: 8,
    whole: false,
    minStep: 1,
  });
  const y = fittingScale([Math.min(...losses), Math.max(...losses)], {
    range: [BOX.bottom, BOX.top],
    count: 6,
  });
  const at = ([step, loss]: LossPoint): Place => [x.place(step), y.place(loss)];
  const parts = [
    head,
    legend(raw, held),
    axes(x, y, unit),
    trainPaths(raw, at),
    validationPath(held.map(at)),
  ];
  return picture(SIZE, title, parts.join("\n"));
}

function heading(title: string, subtitle: string): string {
  const bold = { "font-size": 18, "font-weight": 600, fill: THEME.ink };
  return label(title, [BOX.left, 34], bold) + label(subtitle, [BOX.left, 54]);
}

function legend(train: readonly LossPoint[], validation: readonly LossPoint[]): string {
  const entries = [
    { name: "training", color: THEME.first, last: smooth(train).at(-1) },
    { name: "validation", color: THEME.second, last: validation.at(-1) },
  ].filter(({ last }) => last !== undefined);
  return entries.map(({ name, color, last }, i) => {
    const x = BOX.right - LEGEND_WIDTH * (entries.length - i);
    const y = BOX.top - 18;
    const mark = line([x, y], [x + 18, y], { stroke: color, "stroke-width": 3 });
    const value = (last?.[1] ?? NaN).toPrecision(4);
    return mark + label(`${name} ${value}`, [x + 24, BOX.top - 14], { fill: THEME.ink });
  }).join("");
}

function axes(x: Scale, y: Scale, unit: string): string {
  const rows = y.ticks.map(({ value, text }) => {
    const at = y.place(value);
    const rule = line([BOX.left, at], [BOX.right, at], { stroke: THEME.grid });
    return rule + label(text, [BOX.left - 10, at + 4], { "text-anchor": "end" });
  });
  const columns = x.ticks.map(({ value, text }) => {
    const at = x.place(value);
    const mark = line([at, BOX.bottom], [at, BOX.bottom + 5], { stroke: THEME.axis });
    return mark + label(text, [at, BOX.bottom + 20], { "text-anchor": "middle" });
  });
  const base = line([BOX.left, BOX.bottom], [BOX.right, BOX.bottom], { stroke: THEME.axis });
  const kind = y.kind === "log" ? ", logarithmic" : "";
  const names = label(`loss in ${unit}${kind}`, [BOX.left, BOX.top - 14]) +
    label("step", [BOX.right, BOX.bottom + 38], { "text-anchor": "end" });
  return [...rows, ...columns, base, names].join("");
}

function stroke(places: readonly Place[], color: string, width: number, opacity = 1): string {
  const look = { fill: "none", stroke: color, "stroke-width": width, "stroke-opacity": opacity };
  return element("path", { d: through(places), ...look, "stroke-linejoin": "round" });
}

function trainPaths(points: readonly LossPoint[], at: (p: LossPoint) => Place): string {
  if (points.length === 0) return "";
  if (points.length < SMOOTH_FROM) return stroke(points.map(at), THEME.first, 2);
  const faint = stroke(points.map(at), THEME.first, 1, 0.28);
  return faint + stroke(smooth(points).map(at), THEME.first, 2);
}

function validationPath(places: readonly Place[]): string {
  if (places.length === 0) return "";
  const dot = { r: 3, fill: THEME.paper, stroke: THEME.second, "stroke-width": 2 };
  const isCrowded = places.length > 60;
  const dots = isCrowded ? [] : places.map(([cx, cy]) => element("circle", { cx, cy, ...dot }));
  return stroke(places, THEME.second, 2) + dots.join("");
}

// Means of neighbours, so that there are no more points than can be seen.
function thin(points: readonly LossPoint[]): LossPoint[] {
  const size = Math.ceil(points.length / MAX_POINTS);
  const groups = Array.from({ length: Math.ceil(points.length / (size || 1)) }, (_, i) => {
    return points.slice(i * size, (i + 1) * size);
  });
  return groups.map((group) => [group.at(-1)?.[0] ?? 0, mean(group.map(([, loss]) => loss))]);
}

// The mean of a window around each point, narrow at the start, where the loss falls fast.
function smooth(points: readonly LossPoint[]): readonly LossPoint[] {
  if (points.length < SMOOTH_FROM) return points;
  const half = Math.ceil(points.length / 50);
  return points.map(([step], i) => {
    const reach = Math.min(half, Math.floor(i / 4));
    const around = points.slice(i - reach, i + reach + 1);
    return [step, mean(around.map(([, loss]) => loss))];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
