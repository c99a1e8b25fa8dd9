// What the layers of a model look like: norms for the table, spectra for the picture.

import { type Tensor, dispose } from "../../autograd/index.ts";
import { type Module, type WeightEntry, type Weights, embedRms, lineNorms, rmsToRms,
  singularValues } from "../../nn/index.ts";
import type { LayerSpectrum } from "./spectra.ts";
import type { LayerNorm } from "./text.ts";

/** Norm that every weight is made for: the bounds of the theory hold up to it. */
const TARGET = 1;

/** Every layer's norm, in the layer's own norm, and what it is measured against. */
export async function layerNorms(module: Module, weights: Weights): Promise<LayerNorm[]> {
  const norms = module.weightNorms(weights);
  const values = await norms.read();
  norms.dispose();
  return module.entries.map(({ path, shape }, i) => ({
    name: layerName(path), shape, norm: values[i] ?? NaN, target: TARGET,
  }));
}

/** Every layer's spectrum, scaled so that its largest value is the layer's norm. */
export async function layerSpectra(module: Module, weights: Weights): Promise<LayerSpectrum[]> {
  const list = module.toList(weights);
  return Promise.all(module.entries.map(async (entry, i) => {
    const { values, what } = await spectrumOf(entry, list[i] as Tensor); // one for each entry
    return { name: `${layerName(entry.path)}${what}`, shape: entry.shape, values };
  }));
}

async function spectrumOf({ norm, shape }: WeightEntry, weight: Tensor) {
  const [m = 1, n = 1] = shape;
  if (norm === embedRms) { // the largest row counts, not the largest singular value
    const rows = lineNorms(weight, [-1]);
    const lengths = await rows.read();
    dispose(rows);
    return { values: Array.from(lengths, (x) => x / Math.sqrt(n)), what: " (row RMS)" };
  }
  const factor = norm === rmsToRms ? Math.sqrt(n / m) : 1;
  return { values: Array.from(await singularValues(weight), (s) => factor * s), what: "" };
}

function layerName(path: string): string {
  return path.replace(/\.weight$/, "");
}
