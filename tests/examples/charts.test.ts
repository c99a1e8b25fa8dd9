// The pictures as text. How they look is for people to judge.

import * as assert from "uvu/assert";
import type { LossPoint } from "../../nn/picture/loss_curve.ts";
import { lossCurve } from "../../nn/picture/loss_curve.ts";
import { fittingScale, linearScale, logScale } from "../../nn/picture/scale.ts";
import { spectraLines } from "../../nn/picture/spectra_lines.ts";
import { escapeXml } from "../../nn/picture/svg.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("examples: charts", { device: false });

const range = [0, 100] as const;
const texts = (scale: { ticks: readonly { text: string }[] }) => scale.ticks.map((t) => t.text);

// Enough for pictures made of few kinds of elements: tags nest and all numbers are there.
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [tag, slash, name, rest] of svg.matchAll(/<(\/?)(\w+)([^>]*)>/g)) {
    if (slash === "/") assert.is(open.pop(), name, tag);
    else if (!rest?.endsWith("/")) open.push(name ?? "");
    assert.match(rest ?? "", /^(\s[\w-]+="[^"<]*")*\/?$/);
  }
  assert.equal(open, []);
  assert.not.match(svg, /NaN|Infinity|undefined/);
}

test("a linear axis has round numbers with equal decimals", () => {
  assert.equal(texts(linearScale([0.13, 0.87], { range })), ["0.0", "0.2", "0.4", "0.6", "0.8",
    "1.0"]);
  assert.equal(texts(linearScale([0, 3], { range, count: 8, minStep: 1 })), ["0", "1", "2", "3"]);
  assert.equal(texts(linearScale([5, 5], { range, count: 2 })), ["0", "5", "10"]);
});

test("a logarithmic axis marks 1, 2 and 5 where there is room", () => {
  assert.equal(texts(logScale([0.3, 4], { range })), ["0.2", "0.5", "1", "2", "5"]);
  assert.equal(texts(logScale([0.001, 1000], { range })), ["0.001", "0.01", "0.1", "1", "10",
    "100", "1000"]);
});

test("numbers have their place, and those outside the axis are at its ends", () => {
  const linear = linearScale([0, 10], { range });
  const log = logScale([1, 100], { range });

  assertClose([2, -1, 11].map(linear.place), [20, 0, 100], { rtol: 1e-12, atol: 1e-9 });
  assertClose([10, 0, 1000].map(log.place), [50, 0, 100], { rtol: 1e-12, atol: 1e-9 });
});

test("an axis is logarithmic only for positive numbers that are far apart", () => {
  assert.is(fittingScale([1, 4], { range }).kind, "linear");
  assert.is(fittingScale([0.01, 4], { range }).kind, "log");
  assert.is(fittingScale([0, 4], { range }).kind, "linear");
});

test("text is escaped", () => {
  assert.is(escapeXml(`<a & "b">\u0007'`), "&lt;a &amp; &quot;b&quot;&gt;&#39;");
});

test("the loss curve has both lines, and survives odd input", () => {
  const train = Array.from({ length: 5000 }, (_, i): LossPoint => [i + 1, 4 / Math.sqrt(i + 1)]);
  const some = lossCurve({ title: "a < b", unit: "nats", train, validation: [[5000, 0.5]] });
  const strange: LossPoint[][] = [[], [[1, NaN]], [[1, 2]], [[1, 0], [2, 0]], [[1, 2], [1, 2]]];

  assertWellFormed(some);
  assert.ok(some.length < 50_000, `${some.length} characters`);
  for (const part of ["a &lt; b", "training", "validation 0.5000", "nats, logarithmic"]) {
    assert.match(some, part);
  }
  for (const points of strange) {
    assertWellFormed(lossCurve({ title: "t", unit: "nats", train: points, validation: [] }));
    assertWellFormed(lossCurve({ title: "t", unit: "nats", train: [], validation: points }));
  }
});

test("the spectra have one chart a layer, largest value first", () => {
  const layers = Array.from({ length: 30 }, (_, i) => ({
    path: `blocks.${i}.attention.query.weight`,
    shape: [4, 8],
    values: [0.5, 1, 0.25],
    initial: [1, 1, 1],
  }));
  const svg = spectraLines({ title: "Spectra", layers });

  assertWellFormed(svg);
  assert.is(svg.match(/<g /g)?.length, 30);
  assert.match(svg, "max 1.00  ·  rank 1.3");
  assert.match(svg, "before training");
});

test("spectra of no layer, no value, one value, zeros and huge values can be drawn", () => {
  const values = [[], [1], [0, 0], [1e6, 1e-9], [NaN, 1]];
  const layers = values.map((list, i) => ({ path: `l${i}`, shape: [1], values: list }));

  assertWellFormed(spectraLines({ title: "none", layers: [] }));
  assertWellFormed(spectraLines({ title: "strange", layers }));
  for (const layer of layers) assertWellFormed(spectraLines({ title: "one", layers: [layer] }));
});

test.run();
