export { type CreateOptions, type DType, Device, type DeviceInfo, DeviceLostError, DisposedError,
  DtypeError, GpuError, type HostArray, type KernelTime, type MemoryUse, type Nested,
  type OpenOptions, type Profile, Rng, type RngState, type Scope, type Shape, ShapeError,
  type SoftwareChoice, Tensor, type Values, arange, currentDevice, dispose, full, keep, normal,
  ones, openDevice, openScope, profile, randomBits, rng, scope, tensor, uniform, zeros } from
  "../engine/index.ts";
export { assign } from "./assign.ts";
export { type Grads, type ValueAndGrad, type Vjp, grad, valueAndGrad, vjp } from "./grad.ts";
export { add, cast, div, eq, ge, gt, le, log, lt, maximum, minimum, mul, ne, neg, pow, scale,
  square, sub, where } from "./ops/arithmetic.ts";
export { type CrossEntropyOptions, crossEntropy, oneHot } from "./ops/cross_entropy.ts";
export { embedding, gather, scatterAdd } from "./ops/indexing.ts";
export { matmul } from "./ops/matmul.ts";
export { type NormOptions, layerNorm, rmsNorm } from "./ops/norm.ts";
export { type Range, concat, pad, slice, split, stack } from "./ops/parts.ts";
export { type ArgOptions, type ReduceOptions, argmax, argmin, max, mean, min, sum, sumSquares,
  sumTo } from
  "./ops/reduce.ts";
export { type RopeOptions, rope } from "./ops/rope.ts";
export { type SoftmaxOptions, logSoftmax, softmax } from "./ops/softmax.ts";
export { abs, ceil, cos, erf, exp, exp2, expm1, floor, gelu, geluTanh, log1p, log2, logSigmoid,
  reciprocal, relu, round, rsqrt, sigmoid, sign, silu, sin, softplus, sqrt, step, tan, tanh, trunc }
  from "./ops/unary.ts";
export { expand, permute, reshape, squeeze, transpose, unsqueeze } from "./ops/views.ts";
export { checkUntracked } from "./tape.ts";
export { type Tree, treeFromPaths, treeLeaves, treeMap, treeMapWithPath, treePaths } from
  "./tree.ts";
