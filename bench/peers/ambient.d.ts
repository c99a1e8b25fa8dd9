// The parts of the libraries that the bench uses. They are declared here, so that the package's own
// types can be checked where the libraries are not installed.

declare module "@jax-js/jax" {
  /** Used up by what it is passed to; `ref` keeps it. */
  export interface Array {
    readonly ref: this;
    readonly shape: number[];
    readonly size: number;
    add(other: Array | number): Array;
    sub(other: Array | number): Array;
    mul(other: Array | number): Array;
    div(other: Array | number): Array;
    neg(): Array;
    sum(axis?: number[], options?: { keepdims?: boolean }): Array;
    mean(): Array;
    reshape(shape: number[]): Array;
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  type Unary = (x: Array) => Array;
  type DType = { readonly brand: "dtype" };
  export const numpy: {
    readonly float32: DType;
    readonly int32: DType;
    array(values: number | Float32Array | Int32Array, options?: { dtype: DType }): Array;
    zeros(shape: number[]): Array;
    matmul(x: Array, y: Array): Array;
    split(x: Array, parts: number, axis: number): Array[];
    take(x: Array, indices: Array, axis: number): Array;
    exp: Unary;
    matrixTranspose: Unary;
    sqrt: Unary;
    square: Unary;
    tanh: Unary;
  };
  export const nn: {
    relu: Unary;
    softmax(x: Array, axis: number): Array;
    logSoftmax(x: Array, axis: number): Array;
    gelu(x: Array, options: { approximate: boolean }): Array;
    standardize(x: Array, axis: number, options: { epsilon: number }): Array;
    oneHot(x: Array, classes: number): Array;
    dotProductAttention(q: Array, k: Array, v: Array, options: { isCausal: boolean }): Array;
  };
  export const lax: {
    conv(x: Array, w: Array, strides: number[], padding: "SAME"): Array;
  };
  export const tree: {
    ref<T>(tree: T): T;
    dispose(tree: unknown): void;
  };
  export function init(device: "webgpu"): Promise<string[]>;
  export function defaultDevice(device: "webgpu"): string;
  export function blockUntilReady<T>(tree: T): Promise<T>;
  export function jit<F extends (...args: never[]) => unknown>(f: F): F & { dispose(): void };
  export function valueAndGrad<W, A extends unknown[]>(
    f: (weights: W, ...rest: A) => Array,
  ): (weights: W, ...rest: A) => [Array, W];
  export type Jax = typeof import("@jax-js/jax");
}

declare module "@tensorflow/tfjs-core" {
  export interface Tensor {
    readonly shape: number[];
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export interface Variable extends Tensor {
    readonly name: string;
    assign(value: Tensor): void;
  }
  export type Named = Record<string, Tensor>;
  export interface Optimizer {
    minimize(loss: () => Tensor, returnCost: true, variables: Variable[]): Tensor | null;
    dispose(): void;
  }
  type Operand = Tensor | number;
  type Unary = (x: Tensor) => Tensor;
  type Binary = (a: Operand, b: Operand) => Tensor;
  export const version_core: string;
  export function setBackend(name: "webgpu"): Promise<boolean>;
  export function ready(): Promise<void>;
  export function backend(): {
    ensureCommandEncoderReady(): void;
    endComputePassEncoder(): void;
    submitQueue(): void;
  };
  export function tensor(
    data: Float32Array | Int32Array, shape: number[], dtype: "float32" | "int32",
  ): Tensor;
  export function variable(value: Tensor): Variable;
  export function tidy<T>(f: () => T): T;
  export function keep<T extends Tensor>(x: T): T;
  export function dispose(tensors: unknown): void;
  export function variableGrads(f: () => Tensor, list: Variable[]): { value: Tensor; grads: Named };
  export const add: Binary;
  export const sub: Binary;
  export const mul: Binary;
  export const div: Binary;
  export const exp: Unary;
  export const neg: Unary;
  export const square: Unary;
  export const sqrt: Unary;
  export const rsqrt: Unary;
  export const tanh: Unary;
  export function sum(x: Tensor, axis?: number[], keepDims?: boolean): Tensor;
  export function mean(x: Tensor): Tensor;
  export function softmax(x: Tensor): Tensor;
  export function matMul(a: Tensor, b: Tensor, turnA?: boolean, turnB?: boolean): Tensor;
  export function transpose(x: Tensor, axes?: number[]): Tensor;
  export function reshape(x: Tensor, shape: number[]): Tensor;
  export function split(x: Tensor, parts: number, axis: number): Tensor[];
  export function gather(x: Tensor, indices: Tensor): Tensor;
  export function oneHot(x: Tensor, classes: number): Tensor;
  export function moments(
    x: Tensor, axis: number, keepDims: boolean,
  ): { mean: Tensor; variance: Tensor };
  export function conv2d(
    x: Tensor, filter: Tensor, strides: number, pad: "same", format: "NHWC",
  ): Tensor;
  export const fused: {
    matMul(parts: { a: Tensor; b: Tensor; bias: Tensor; activation?: "relu" }): Tensor;
  };
  export const losses: {
    softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor;
    meanSquaredError(labels: Tensor, predictions: Tensor): Tensor;
  };
  export const train: {
    sgd(rate: number): Optimizer;
    adam(rate: number, beta1: number, beta2: number, eps: number): Optimizer;
  };
  export type Tf = typeof import("@tensorflow/tfjs-core");
}

declare module "onnxruntime-web/webgpu" {
  export interface Tensor {
    readonly dims: readonly number[];
  }
  export const Tensor: {
    fromGpuBuffer(
      buffer: GPUBuffer, options: { dataType: "float32"; dims: readonly number[] },
    ): Tensor;
  };
  export interface InferenceSession {
    run(feeds: Record<string, Tensor>, fetches: Record<string, Tensor>): Promise<unknown>;
    release(): Promise<void>;
  }
  export const InferenceSession: {
    create(model: Uint8Array, options: object): Promise<InferenceSession>;
  };
  export const env: {
    readonly wasm: { numThreads?: number; wasmBinary?: Uint8Array };
    readonly versions: { readonly web?: string };
    logLevel: "warning" | "error";
  };
  export type Ort = typeof import("onnxruntime-web/webgpu");
}
