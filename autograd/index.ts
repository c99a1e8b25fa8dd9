export { type CreateOptions, type DType, Device, type DeviceInfo, DeviceLostError, DisposedError,
  DtypeError, GpuError, type HostArray, IndexError, type KernelTime, type MemoryUse, type Nested,
  NonFiniteError, type OpenOptions, type Profile, Rng, type RngState, type Scope, type Shape,
  ShapeError, type SoftwareChoice, Tensor, type Values, arange, currentDevice, dispose, evaluate,
  full, keep, normal, ones, openDevice, openScope, profile, randomBits, rng, scope, tensor,
  uniform, zeros } from "../engine/index.ts";
export { type AccumulateOptions, accumulate } from "./accumulate.ts";
export { assign } from "./assign.ts";
export { checkpoint } from "./checkpoint.ts";
export { type CompileOptions, type Compiled, compile } from "./compile.ts";
export { type CustomContext, type CustomVjpOptions, type Saving, customVjp } from
  "./custom_vjp.ts";
export { type Grads, type ValueAndGrad, type Vjp, grad, valueAndGrad, vjp } from "./grad.ts";
export { type GradMismatch, type GradReport, type GradcheckOptions, gradcheck } from
  "./gradcheck.ts";
export { hessian, jacobian } from "./jacobian.ts";
export { celu, elu, glu, hardSigmoid, hardSwish, hardshrink, hardtanh, leakyRelu, mish, prelu,
  quickGelu, relu6, reluSquared, selu, softmin, softshrink, softsign, swiglu, tanhshrink,
  threshold } from "./ops/activations.ts";
export { add, cast, div, eq, ge, gt, le, log, lt, maximum, minimum, mul, ne, neg, pow, scale,
  square, sub, where } from "./ops/arithmetic.ts";
export { type AttentionOptions, scaledDotProductAttention } from "./ops/attention.ts";
export { type BatchNormOptions, type BatchStats, type ChannelNormOptions, type ResponseOptions,
  batchNorm, batchStats, groupNorm, instanceNorm, localResponseNorm, runningStats } from
  "./ops/channel_norm.ts";
export { type ConvOptions, type ConvTransposeOptions, conv1d, conv2d, convTranspose1d,
  convTranspose2d } from "./ops/conv.ts";
export { type AvgPoolOptions, type PoolOptions, adaptiveMaxPool2d, avgPool1d, avgPool2d,
  globalAvgPool, maxPool1d, maxPool2d } from "./ops/pool.ts";
export { type InterpolateOptions, adaptiveAvgPool2d, interpolate } from "./ops/resize.ts";
export { type UnfoldOptions, fold, pixelShuffle, pixelUnshuffle, unfold } from "./ops/unfold.ts";
export type { Padding, PerAxis, WindowOptions } from "./ops/window.ts";
export { type BincountOptions, type HistogramOptions, bincount, histogram } from
  "./ops/counting.ts";
export { type LikeOptions, fullLike, linspace, onesLike, zerosLike } from "./ops/creation.ts";
export { type DiagonalOptions, type OffsetOptions, diag, diagonal, eye, trace, tri, tril, triu }
  from "./ops/diagonal.ts";
export { type DropoutOptions, dropout } from "./ops/dropout.ts";
export { embedding, gather, indexSelect, scatterAdd, take } from "./ops/indexing.ts";
export { acos, acosh, asin, asinh, atan, atanh, cbrt, cosh, erfc, erfinv, frac, isFinite,
  isInfinite, isNaN, log10, logit, sinh } from "./ops/inverse.ts";
export { type CrossEntropyOptions, type NllOptions, crossEntropy, nllLoss } from
  "./ops/label_losses.ts";
export { cholesky, choleskySolve } from "./ops/linalg/cholesky.ts";
export { type Eigh, eigh } from "./ops/linalg/eigh.ts";
export { type TensordotAxes, einsum, tensordot } from "./ops/linalg/einsum.ts";
export { type Lu, lu } from "./ops/linalg/lu.ts";
export { cross, dot, gram, inner, kron, linear, outer, vdot } from "./ops/linalg/products.ts";
export { type Qr, lstsq, qr } from "./ops/linalg/qr.ts";
export { type Slogdet, det, inverse, logdet, slogdet, solve } from "./ops/linalg/solve.ts";
export { type MatrixNorm, type RankOptions, cond, matrixNorm, matrixPower, matrixRank, pinv } from
  "./ops/linalg/spectral.ts";
export { type Svd, svd } from "./ops/linalg/svd.ts";
export { type TriangularOptions, triangularSolve } from "./ops/linalg/triangular.ts";
export { type KlDivOptions, type LossOptions, type LossReduction, type PoissonOptions,
  bceWithLogits, gaussianNll, hingeLoss, huberLoss, klDiv, l1Loss, mseLoss, poissonNll,
  smoothL1Loss } from "./ops/losses.ts";
export { floorDivide, remainder } from "./ops/division.ts";
export { bitAnd, bitNot, bitOr, bitXor, logicalAnd, logicalNot, logicalOr, logicalXor, shiftLeft,
  shiftRight } from "./ops/logic.ts";
export { matmul } from "./ops/matmul.ts";
export { type NormAxis, type NormOptions, layerNorm, meanSubtract, normalize, rmsDivide, rmsNorm }
  from "./ops/norm.ts";
export { type ClipOptions, type NanToNumOptions, atan2, clip, copysign, hypot, lerp, logAddExp,
  maskedFill, nanToNum } from "./ops/pairs.ts";
export { type PadOptions, pad } from "./ops/pad.ts";
export { type Range, concat, slice, split, stack } from "./ops/parts.ts";
export { type QuantileOptions, median, quantile } from "./ops/quantile.ts";
export { type DrawOptions, bernoulli, categorical, exponential, gumbel, permutation, randomIntegers,
  truncatedNormal } from "./ops/random.ts";
export { type AxesOptions, chunk, flatten, flip, meshgrid, moveAxis, repeatInterleave, roll, tile,
  unflatten } from "./ops/rearrange.ts";
export { type ArgOptions, type ReduceOptions, argmax, argmin, max, mean, min, sum, sumSquares,
  sumTo } from "./ops/reduce.ts";
export { oneHot } from "./ops/one_hot.ts";
export { type RopeOptions, rope } from "./ops/rope.ts";
export { type SortOptions, argsort, searchsorted, sort, topk } from "./ops/sort.ts";
export { type CosineOptions, type TripletOptions, cosineEmbeddingLoss, cosineSimilarity,
  tripletMarginLoss } from "./ops/similarity.ts";
export { type CumulativeOptions, type ScanOptions, cummax, cummin, cumprod, cumsum, linearScan }
  from "./ops/scan.ts";
export { type SoftmaxOptions, logSoftmax, softmax } from "./ops/softmax.ts";
export { type VarianceOptions, type VectorNormOptions, all, any, countNonzero, logsumexp, norm,
  prod, std, variance } from "./ops/statistics.ts";
export { abs, ceil, cos, erf, exp, exp2, expm1, floor, gelu, geluTanh, log1p, log2, logSigmoid,
  reciprocal, relu, round, rsqrt, sigmoid, sign, silu, sin, softplus, sqrt, step, tan, tanh, trunc }
  from "./ops/unary.ts";
export { type UpdateOptions, indexUpdate, scatter, sliceUpdate } from "./ops/update.ts";
export { expand, permute, reshape, squeeze, transpose, unsqueeze } from "./ops/views.ts";
export { type Hvp, type Jvp, hvp, jvp } from "./products.ts";
export { stopGradient } from "./stop_gradient.ts";
export { promoteTypes } from "./promote.ts";
export { checkUntracked } from "./tape.ts";
export { type Tree, treeFromPaths, treeLeaves, treeMap, treeMapWithPath, treePaths } from
  "./tree.ts";
