// What the layers of a model look like: norms for the table.

import type { Module, Weights } from "../../nn/index.ts";
import type { LayerNorm } from "./text.ts";

/** Norm that every weight is made for: the bounds of the theory hold up to it. */
const TARGET = 1;

/** Every layer's norm, in the layer's own norm, and what it is measured against. */
export async function layerNorms(module: Module, weights: Weights): Promise<LayerNorm[]> {
  const norms = module.weightNorms(weights);
  const values = await norms.read();
  norms.dispose();
  return module.entries.map(({ path, shape }, i) => ({
    name: path.replace(/\.weight$/, ""), shape, norm: values[i] ?? NaN, target: TARGET,
  }));
}
