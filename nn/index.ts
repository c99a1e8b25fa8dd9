export { type AtomOptions, type AtomParts, type AtomWeight, type LinearOptions, atom, embed,
  linear } from "./atoms.ts";
export { type FunctionalAttentionOptions, type RopeBondOptions, applyAttentionScores, attentionQK,
  causalMask, causalSoftmax, functionalAttention, mergeHeads, rope, ropeModula, softmax,
  splitHeads } from "./attention_bonds.ts";
export { type BondParts, abs, addBond, bond, flatten, gelu, identity, layerNorm, mean,
  meanSubtract, mul, relu, rmsDivide } from "./bonds.ts";
export { type TareOptions, add, compose, named, outputWidth, power, repeat, residual, scale,
  scaleInput, tare, tuple, withMass } from "./compose.ts";
export { type LineAxes, lineNorms, unitLines } from "./lines.ts";
export { type Coefficients, evaluate, optimalCubic, optimalQuintic } from "./minimax.ts";
export { type AttentionOptions, type GptOptions, type MlpOptions, attention, gpt, mlp } from
  "./models.ts";
export { Module, type Value, type WeightEntry, type WeightSpec, type Weights, type Width,
  type WidthRule } from "./module.ts";
export { type DualizeAllOptions, type DualizeOptions, type Norm, type SideFactor, entryNorm,
  lineNorm, singularNorm, vectorNorm } from "./norm.ts";
export { embedRms, frobenius, l1ToL2, l1ToRms, l1ToRmsOverFanIn, l2ToLinf, maxAbs, rms, rmsEntry,
  rmsToLinf, rmsToRms, signOverFanIn, spectral } from "./norms.ts";
export { type PolarAllOptions, type PolarOptions, polar, polarAll } from "./polar.ts";
export { BERNSTEIN, CONVERGED, CUBIC, JORDAN, MODULA_SIX, POLAR_EXPRESS, POLAR_EXPRESS_CUBIC,
  POLAR_EXPRESS_FIVE, POLAR_EXPRESS_RAW, PUBLISHED_CUSHION, type PolarExpressOptions,
  type PolarSet, QUINTIC, SPEEDRUN, polarExpress, withSafety } from "./polar_coefficients.ts";
export { singularValues } from "./singular_values.ts";
export { type SpectralBounds, type SpectralOptions, spectralBounds } from "./spectral.ts";
export { summary } from "./summary.ts";
