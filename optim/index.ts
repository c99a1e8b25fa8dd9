export { type AdagradOptions, type IsoAdamTensorOptions, type RmspropOptions, adagrad,
  isoAdamTensor, rmsprop } from "./adaptive.ts";
export { type AdamOptions, type AdamRuleOptions, adam, adamw } from "./adam.ts";
export { type AgdOptions, agd } from "./agd.ts";
export { type EmaOptions, type HeavyBallOptions, type LookBackOptions, type MomentOptions,
  coupledDecay, ema, heavyBall, lookBack, moments, noAverage } from "./average.ts";
export type { NormOptions } from "./by_norms.ts";
export { type ClipOptions, type DualNorm, clipDual, clipNorm } from "./clip.ts";
export { type Stages, ruleOf } from "./common.ts";
export { type DescendOptions, descend, moveBy } from "./descend.ts";
export { type ModularDescentOptions, modularDescent } from "./descent.ts";
export { type DionOptions, dion } from "./dion.ts";
export { type Measured, type SharpOptions, dualizeBy, noDual, orthogonalize, sharpBy } from
  "./dualize.ts";
export type { NonFinite } from "./finite.ts";
export type { Geometry, GeometryEntry, GeometryOptions, PerPath } from "./geometry.ts";
export { type GluonOptions, type LayerSmoothness, gluon } from "./gluon.ts";
export { GradientBuffer, type GradientBufferOptions } from "./gradient_buffer.ts";
export { type IsoOptions, type LayerMoments, iso, whiten } from "./iso.ts";
export type { MatrixOptions, MatrixRoute } from "./matrices.ts";
export { type MirrorOptions, type Potential, mirrorDescent, negativeEntropy, pNorm, quadratic } from
  "./mirror.ts";
export { type MuonOptions, type MuonScale, muon } from "./muon.ts";
export { type NormalizedModularOptions, normalizedModularDescent } from "./normalized_descent.ts";
export { type NeuronOptions, type NorMuonOptions, evenNeurons, normuon } from "./normuon.ts";
export { Optimizer } from "./optimizer.ts";
export type { CommonOptions } from "./options.ts";
export type { Leaf, Moment, Now, Rule, SlotShapes, Slots, Stage } from "./pipeline.ts";
export type { FloatType, StateTypes } from "./precision.ts";
export { type AdaSpectralOptions, type RmsSpectralOptions, adaSpectral, rmsSpectral } from
  "./preconditioned.ts";
export { type MaxLogitsOptions, type QkClipOptions, maxLogits, qkClip } from "./qk_clip.ts";
export { FROZEN, type Recipe, type RecipeWeight } from "./recipe.ts";
export { type DecayOptions, type Schedule, type TrapezoidOptions, constantRate, cosineDecay, follow,
  inverseSqrt, linearDecay, sqrtDecay, trapezoid, warmUp } from "./schedule.ts";
export { type AlmondOptions, type ScionFormOptions, type ScionOptions, almond, scg, scion, uscg }
  from "./scion.ts";
export { type RmsOptions, type SumOptions, type TensorMomentOptions, overRms, overSums,
  tensorMoments } from "./second_moments.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
export { type ShampooOptions, type ShampooStageOptions, preconditioned, shampoo } from
  "./shampoo.ts";
export { type LionOptions, type NormalizedOptions, type NormalizedSgdOptions, lion, normalizedSgd,
  signSgd, signs, signum } from "./sign.ts";
export { type SoapOptions, soap } from "./soap.ts";
export type { OptimizerState } from "./state.ts";
export { type NormalizedDescentOptions, type SpectralDescentOptions, type SteepestOptions, nmd, nsd,
  steepestDescent, stochasticSpectralDescent } from "./steepest.ts";
export { type FromageOptions, type LambOptions, type LarsOptions, fromage, lamb, lars } from
  "./trust.ts";
export { type LawaOptions, WeightAverage, type WeightEmaOptions, lawa, weightEma } from
  "./weight_average.ts";
