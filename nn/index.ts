export { type AtomOptions, type AtomParts, type AtomWeight, type LinearOptions, atom, embed,
  linear } from "./atoms.ts";
export { type FunctionalAttentionOptions, type RopeBondOptions, applyAttentionScores, attentionQK,
  causalMask, causalSoftmax, functionalAttention, mergeHeads, rope, ropeModula, softmax,
  splitHeads } from "./attention_bonds.ts";
export { type BondParts, abs, addBond, bond, flatten, gelu, identity, layerNorm, mean,
  meanSubtract, mul, relu, rmsDivide } from "./bonds.ts";
export { type CansOptions, type CansSet, cans } from "./cans.ts";
export { type TareOptions, add, compose, named, outputWidth, power, repeat, residual, scale,
  scaleInput, tare, tuple, withMass } from "./compose.ts";
export { type Coefficients, evaluate, optimalCubic, optimalQuintic } from "./minimax.ts";
export { type AttentionOptions, type GptOptions, type MlpOptions, attention, gpt, mlp } from
  "./models.ts";
export { Module, type Value, type WeightEntry, type WeightSpec, type Weights, type Width,
  type WidthRule } from "./module.ts";
export { type BlockOptions, type FlattenedOptions, type KernelOptions, flattened, perBlock, perTap,
  stacked, transposed, withRadius } from "./norms/combine.ts";
export { exact } from "./norms/exact.ts";
export { type LineNormOptions, lineNorm, vectorNorm } from "./norms/line.ts";
export { type LineKind, euclidean, peak, total } from "./norms/line_kinds.ts";
export { type LineAxes, lineNorms, unitLines } from "./norms/lines.ts";
export { convRmsToRms, convScion, embedRms, frobenius, l1, l1ToL1, l1ToL2, l1ToRms,
  l1ToRmsOverFanIn, l2, l2ToLinf, l2ToRms, linf, linfToLinf, maxAbs, nuclear, rms, rmsEntry,
  rmsToLinf, rmsToRms, rmsToRmsInput, schatten, signOverFanIn, spectral, sumAbs } from
  "./norms/named.ts";
export { type BallOptions, type DualizeAllOptions, type DualizeOptions, type MeasureOptions,
  type Method, type Norm, type SideFactor, type SingularParts, type StartOptions } from
  "./norms/norm.ts";
export { type SchattenOptions, schattenNorm } from "./norms/schatten.ts";
export { singularNorm } from "./norms/singular.ts";
export { type PolarAllOptions, type PolarOptions, polar, polarAll } from "./polar.ts";
export { BERNSTEIN, CONVERGED, CUBIC, JORDAN, MODULA_SIX, POLAR_EXPRESS, POLAR_EXPRESS_CUBIC,
  POLAR_EXPRESS_FIVE, POLAR_EXPRESS_RAW, PUBLISHED_CUSHION, type PolarExpressOptions,
  type PolarSet, QUINTIC, SPEEDRUN, polarExpress, withSafety } from "./polar_coefficients.ts";
export { singularValues } from "./singular_values.ts";
export { type SpectralBounds, type SpectralOptions, spectralBounds } from "./spectral.ts";
export { summary } from "./summary.ts";
