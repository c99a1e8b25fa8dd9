export { type AdamOptions, type AdamRuleOptions, adam, adamw } from "./adam.ts";
export { type EmaOptions, type HeavyBallOptions, type MomentOptions, coupledDecay, ema, heavyBall,
  moments, noAverage } from "./average.ts";
export { type DescendOptions, descend } from "./descend.ts";
export { type ModularDescentOptions, modularDescent } from "./descent.ts";
export { type Measured, dualizeBy, noDual, orthogonalize } from "./dualize.ts";
export type { Geometry, GeometryEntry } from "./geometry.ts";
export { type MuonOptions, type MuonRoute, type MuonScale, muon } from "./muon.ts";
export { Optimizer } from "./optimizer.ts";
export type { Leaf, Moment, Rule, SlotShapes, Slots, Stage } from "./pipeline.ts";
export { FROZEN, type Recipe } from "./recipe.ts";
export { type DecayOptions, type Schedule, type TrapezoidOptions, constantRate, cosineDecay, follow,
  inverseSqrt, linearDecay, sqrtDecay, trapezoid, warmUp } from "./schedule.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
export type { OptimizerState } from "./state.ts";
