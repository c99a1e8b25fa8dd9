export { type AttentionInputs, type AttentionNumbers, type AttentionPass, attentionPass } from
  "./attention.ts";
export { Device } from "./device.ts";
export type { DeviceInfo, MemoryUse } from "./device_info.ts";
export type { SoftwareChoice } from "./host.ts";
export { type ConvForm, type WindowAxis, convolve, convolveBack, convolveWeight } from "./conv.ts";
export { type CreateOptions, type HostNumbers, type Values, arange, full, ones, tensor, zeros } from
  "./create.ts";
export { DTYPES, type DType, type HostArray, checkDtype, checkValue, checkWords, holds, isFloat,
  isHalf, wgslType } from "./dtype.ts";
export { type ElementwiseCall, contiguousCopy, copyInto, elementwise, elementwiseInto,
  widenedCopy } from
  "./elementwise.ts";
export type { Body } from "./fusion/program.ts";
export { DeviceLostError, DisposedError, DtypeError, GpuError, IndexError, NonFiniteError,
  ShapeError } from
  "./errors.ts";
export { evaluate } from "./fusion/evaluate.ts";
export { type GroupKernel, runGroups } from "./groups.ts";
export { roundHalf } from "./half.ts";
export { type HostState, isCapturing } from "./capture.ts";
export { Live, type Scalar, atReplay, decide, isScalar, live } from "./live.ts";
export { type MatmulOptions, matmulFused } from "./matmul.ts";
export { type OpenOptions, openDevice } from "./open_device.ts";
export { currentDevice } from "./open_devices.ts";
export { type Packing, gather, isPackable, packingOf, partsOf, spread, wholeOf } from
  "./pack.ts";
export { type KernelTime, type Profile, profile } from "./profile.ts";
export { Rng, type RngJournal, type RngState, type StreamWords, checkRng, normal, noteRandom,
  philox, randomBits, rng, uniform, withRandom } from "./random.ts";
export { f32Bits } from "./recorder.ts";
export { ARGMAX, ARGMIN, MAX, MEAN, MIN, NORM, PROD, type Reduction, SUM, SUM_SQUARES, reduce } from
  "./reduce.ts";
export { PlanMemory } from "./replay/memory.ts";
export type { Plan } from "./replay/plan.ts";
export { type Recorded, type Step, recordStep } from "./replay/record.ts";
export { type FinishedRowKernel, rowResult } from "./row_head.ts";
export { type RowKernel, rowsOf, runRows, withContiguous } from "./rows.ts";
export { type Scope, dispose, keep, openScope, scope } from "./scope.ts";
export { type Layout, type Shape, broadcastShapes, checkList, checkShape, reshapedStrides,
  resolveAxes, resolveAxis, rowMajor, show, sizeOf } from "./shape.ts";
export type { ProductSizes } from "./matmul/explain.ts";
export type { Storage } from "./storage.ts";
export { type Nested, Tensor } from "./tensor.ts";
export { type ThreadKernel, runThreads } from "./threads.ts";
export type { TuneOptions, TuneStore } from "./tune.ts";
export { browserStore, fileStore } from "./tune_store.ts";
export { unroll } from "./unroll.ts";
