// The few words of SVG that the charts use, as text.

/** Attributes of an element; numbers are rounded to a hundredth. */
export type Attributes = Readonly<Record<string, string | number>>;

/** A place in a picture, in pixels from its upper left corner. */
export type Place = readonly [x: number, y: number];

/** The look of the charts. */
export const THEME = {
  font: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  paper: "#ffffff",
  ink: "#1b2430",
  muted: "#667180",
  grid: "#e8ebef",
  axis: "#c3cad3",
  first: "#2b6cb0",
  second: "#d9480f",
} as const;

/** Text that may stand between tags and in quoted attributes; control characters are dropped. */
export function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  // XML 1.0 has no way to write the control characters.
  const clean = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
  return clean.replace(/[&<>"']/g, (character) => names[character] ?? "");
}

function round(x: number): string {
  return String(Math.round(x * 100) / 100);
}

/**
 * An element.
 *
 * @param content other elements; text must be escaped
 */
export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === "number" ? round(value) : escapeXml(value)}"`;
  });
  return `<${name}${list.join("")}${content === "" ? "/>" : `>${content}</${name}>`}`;
}

/** A line of text; it is escaped. */
export function label(text: string, [x, y]: Place, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escapeXml(text));
}

/** A straight line. */
export function line([x1, y1]: Place, [x2, y2]: Place, attributes: Attributes): string {
  return element("line", { x1, y1, x2, y2, ...attributes });
}

/** A line through all places, as the `d` of a path. */
export function through(places: readonly Place[]): string {
  return places.map(([x, y], i) => `${i === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
}

/**
 * A whole picture on white paper.
 *
 * @param title what a screen reader says
 * @returns the text of an SVG file
 */
export function picture(size: readonly [number, number], title: string, content: string): string {
  const [width, height] = size;
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "font-family": THEME.font,
    "font-size": 12,
    fill: THEME.muted,
  };
  const paper = element("rect", { width: "100%", height: "100%", fill: THEME.paper });
  const name = element("title", {}, escapeXml(title));
  return `${element("svg", attributes, `${name}\n${paper}\n${content}\n`)}\n`;
}
