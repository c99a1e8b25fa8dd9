export { type AtomOptions, type AtomParts, type AtomWeight, type BiasChoice, type LinearOptions,
  atom, embed, linear } from "./atoms.ts";
export { type FunctionalAttentionOptions, type RopeBondOptions, applyAttentionScores, attentionQK,
  causalMask, causalSoftmax, functionalAttention, mergeHeads, rope, ropeModula, softmax,
  splitHeads } from "./attention_bonds.ts";
export { geluErf, reluSquared, scaledGelu, scaledRelu, sigmoid, silu, softcap, softplus, tanh }
  from "./activations.ts";
export { type BondParts, abs, addBond, bond, enumerate, flatten, gelu, identity, mean, mul, relu }
  from "./bonds.ts";
export { type AlongOptions, type DivideOptions, layerNorm, meanSubtract, rmsDivide, rmsNorm } from
  "./normalizations.ts";
export { type Start } from "./start.ts";
export { type Tie, tie } from "./tie.ts";
export { type ConvAtomOptions, conv1d, conv2d } from "./convolutions.ts";
export { groupedLinear, headLinear } from "./heads.ts";
export { adaptiveAvgPool, avgPool1d, avgPool2d, dropout, globalAvgPool, maxPool1d, maxPool2d } from
  "./image_bonds.ts";
export { type VectorOptions, bias, gain } from "./vectors.ts";
export { type CansOptions, type CansSet, cans } from "./cans.ts";
export { type Certificate, type CertificateCondition, type CertifiedLayer, type CertifyOptions,
  certify } from "./certify.ts";
export { type TareOptions, add, compose, named, outputWidth, power, repeat, residual, scale,
  scaleInput, tare, tuple, unitSensitivity, withMass,
  withSensitivity } from "./compose.ts";
export { ATOMS_2024, type Gpt2024Options, conv2024, embed2024, gpt2024, linear2024 } from
  "./legacy2024.ts";
export { type CertifiedRadii, type Distribution, type NormalizedMargins, certifiedRadius,
  distributionOf, margins, normalizedMargins } from "./margins.ts";
export { type Coefficients, evaluate, optimalCubic, optimalQuintic } from "./minimax.ts";
export { type ModernGptOptions, modernGpt } from "./modern_gpt.ts";
export { type ConvNetOptions, type NetAtoms, type ResidualNetOptions, convNet, resCnn, resMlp } from
  "./classifiers.ts";
export { type NetworkNorms, type ScionRadii, scionCnn, scionGpt, scionMlp, scionNorms } from
  "./scion_norms.ts";
export { type SelfAttentionOptions, selfAttention } from "./self_attention.ts";
export { type AttentionOptions, type GptOptions, type MlpOptions, attention, gpt, mlp } from
  "./models.ts";
export { type Channels, type ForwardOptions, Module, type Value, type WeightAction,
  type WeightEntry, type WeightSpec, type WeightUse, type Weights, type Width, type WidthRule } from
  "./module.ts";
export { type Normalized, type PowerVectors, normalize, powerVectors, regularize } from
  "./normalize.ts";
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
export { type InputNorm, type OperatorBound, operatorBound } from "./operator_bounds.ts";
export { type LossCurve, type LossPoint, lossCurve } from "./picture/loss_curve.ts";
export { type SpectraHeatMap, spectraHeatMap } from "./picture/spectra_heat_map.ts";
export { type LayerLines, type SpectraLines, spectraLines } from "./picture/spectra_lines.ts";
export { type PolarAllOptions, type PolarOptions, polar, polarAll } from "./polar.ts";
export { type PolarCost, polarCost } from "./polar_cost.ts";
export { BERNSTEIN, CONVERGED, CUBIC, JORDAN, MODULA_SIX, POLAR_EXPRESS, POLAR_EXPRESS_CUBIC,
  POLAR_EXPRESS_FIVE, POLAR_EXPRESS_RAW, PUBLISHED_CUSHION, type PolarExpressOptions,
  type PolarSet, QUINTIC, SPEEDRUN, WITHIN_ONE, polarExpress, withSafety } from
  "./polar_coefficients.ts";
export { BILINEAR, FLAT, type Sharpness } from "./sharpness.ts";
export { type SharpnessEstimate, type SharpnessEstimateOptions, sharpnessEstimate } from
  "./smoothness.ts";
export { singularValues } from "./singular_values.ts";
export { type LayerSpectrum, type SpectraHistory, type SpectraSnapshot, spectra, spectraHistory,
  stableRank } from "./spectra.ts";
export { type SpectralBounds, type SpectralOptions, spectralBounds } from "./spectral.ts";
export { stackwise } from "./stackwise.ts";
export { summary } from "./summary.ts";
