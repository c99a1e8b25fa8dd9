// Small charts side by side, one for each layer, and what stands above each.

import type { LayerSpectrum } from "../spectra.ts";
import { type Place, THEME, element, escapeXml, label } from "./svg.ts";

const GAP = { x: 24, y: 70 } as const;
const MARGIN = { left: 52, right: 24, top: 146, bottom: 44 } as const;

/** Where panels go. */
export interface PanelGrid {
  readonly size: readonly [number, number];
  readonly columns: number;
  /** Upper left corner of the i-th panel. */
  place(index: number): Place;
}

/** Panels in rows, wide enough to compare and no wider than a page. */
export function panelGrid(
  count: number, { width, height }: { readonly width: number; readonly height: number },
): PanelGrid {
  const columns = count <= 4 ? Math.max(3, count) : count <= 24 ? 4 : 5;
  const rows = Math.ceil(count / columns);
  return {
    columns,
    size: [
      MARGIN.left + columns * (width + GAP.x) - GAP.x + MARGIN.right,
      MARGIN.top + rows * (height + GAP.y) - GAP.y + MARGIN.bottom,
    ],
    place: (index) => [
      MARGIN.left + (index % columns) * (width + GAP.x),
      MARGIN.top + Math.floor(index / columns) * (height + GAP.y),
    ],
  };
}

/** What a chart needs of a layer; the kind is `singular values` if it is left out. */
export type DrawnLayer = Omit<LayerSpectrum, "kind" | "stableRank"> & Partial<LayerSpectrum>;

/** A layer's name, and its shape, largest value and stable rank, over a panel. */
export function layerCaption({ path, shape, values, kind }: DrawnLayer, width: number): string {
  const bold = { "font-size": 11, "font-weight": 600, fill: THEME.ink };
  const size = shape.join("×");
  const facts = [kind === "row norms" ? `${shape[0] ?? 0} rows` : size];
  const [first] = values;
  if (first !== undefined) {
    const rank = values.reduce((sum, x) => sum + (first === 0 ? 0 : (x / first) ** 2), 0);
    facts.push(`max ${first.toFixed(2)}`, `rank ${rank.toFixed(1)}`);
  }
  const full = element("title", {}, escapeXml(path));
  const name = full + escapeXml(shorten(path, Math.floor(width / 7)));
  const text = element("text", { x: 0, y: -24, ...bold }, name);
  return text + label(facts.join("  ·  "), [0, -9], { "font-size": 11 });
}

/** At most so many characters: which block, and what in it. */
function shorten(name: string, most: number): string {
  const short = name.replace(/\.weight$/, "");
  return short.length <= most ? short : `${short.slice(0, 9)}…${short.slice(10 - most)}`;
}
