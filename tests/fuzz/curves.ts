// Functions of one element, and of two.

import { erfScalar, erfcScalar, geluScalar, geluTanhScalar, roundScalar, sigmoidScalar,
  softplusScalar } from "../reference.ts";
import { type Curve, type Surface, type Var, binary, unary } from "./tape64.ts";
import type { FuzzOp } from "./types.ts";
import type { TestRng } from "../rng.ts";

const normalDensity = (x: number) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
const logistic = (x: number) => sigmoidScalar(x);
const tanhSlope = (x: number) => 1 - Math.tanh(x) ** 2;

const POSITIVE = [0.25, 4] as const;

/** Put together from parts of about 1, so that small results have their error. */
const PARTS = { relative: 8, absolute: 8 } as const;

function geluTanhSlope(x: number): number {
  const c = Math.sqrt(2 / Math.PI);
  const inner = c * (x + 0.044715 * x ** 3);
  return 0.5 * (1 + Math.tanh(inner))
    + 0.5 * x * tanhSlope(inner) * c * (1 + 3 * 0.044715 * x * x);
}

function mishSlope(x: number): number {
  const t = Math.tanh(softplusScalar(x));
  return t + x * (1 - t * t) * logistic(x);
}

type CurveRow = Curve & { readonly domain?: readonly [number, number] };

const curves: Readonly<Record<string, CurveRow>> = {
  neg: { f: (x) => -x, slope: () => -1 },
  abs: { f: Math.abs, slope: Math.sign },
  square: { f: (x) => x * x, slope: (x) => 2 * x },
  exp: { f: Math.exp, slope: Math.exp, relative: 16 },
  exp2: { f: (x) => 2 ** x, slope: (x) => Math.LN2 * 2 ** x, relative: 16 },
  expm1: { f: Math.expm1, slope: Math.exp, relative: 16 },
  log: { f: Math.log, slope: (x) => 1 / x, domain: POSITIVE, relative: 8, absolute: 2 },
  log2: { f: Math.log2, slope: (x) => 1 / (x * Math.LN2), domain: POSITIVE, ...PARTS },
  log10: { f: Math.log10, slope: (x) => 1 / (x * Math.LN10), domain: POSITIVE, ...PARTS },
  log1p: { f: Math.log1p, slope: (x) => 1 / (1 + x), domain: POSITIVE, relative: 16 },
  sqrt: { f: Math.sqrt, slope: (x) => 0.5 / Math.sqrt(x), domain: POSITIVE },
  rsqrt: { f: (x) => 1 / Math.sqrt(x), slope: (x) => -0.5 * x ** -1.5, domain: POSITIVE },
  cbrt: { f: Math.cbrt, slope: (x) => Math.cbrt(x) / (3 * x), domain: POSITIVE, ...PARTS },
  reciprocal: { f: (x) => 1 / x, slope: (x) => -1 / (x * x), domain: POSITIVE, relative: 6 },
  sin: { f: Math.sin, slope: Math.cos, ...PARTS },
  cos: { f: Math.cos, slope: (x) => -Math.sin(x), ...PARTS },
  tan: { f: Math.tan, slope: (x) => 1 + Math.tan(x) ** 2, domain: [-1.2, 1.2], relative: 32 },
  asin: { f: Math.asin, slope: (x) => 1 / Math.sqrt(1 - x * x), domain: [-0.8, 0.8], ...PARTS },
  acos: { f: Math.acos, slope: (x) => -1 / Math.sqrt(1 - x * x), domain: [-0.8, 0.8], ...PARTS },
  atan: { f: Math.atan, slope: (x) => 1 / (1 + x * x), ...PARTS },
  sinh: { f: Math.sinh, slope: Math.cosh, relative: 16, absolute: 8 },
  cosh: { f: Math.cosh, slope: Math.sinh, relative: 16 },
  tanh: { f: Math.tanh, slope: tanhSlope, relative: 16 },
  asinh: { f: Math.asinh, slope: (x) => 1 / Math.sqrt(1 + x * x), ...PARTS },
  acosh: { f: Math.acosh, slope: (x) => 1 / Math.sqrt(x * x - 1), domain: [1.5, 4], ...PARTS },
  atanh: { f: Math.atanh, slope: (x) => 1 / (1 - x * x), domain: [-0.8, 0.8], ...PARTS },
  sigmoid: { f: logistic, slope: (x) => logistic(x) * logistic(-x), relative: 16 },
  softplus: { f: softplusScalar, slope: logistic, ...PARTS },
  logSigmoid: { f: (x) => -softplusScalar(-x), slope: (x) => logistic(-x), ...PARTS },
  relu: { f: (x) => Math.max(x, 0), slope: (x) => Number(x > 0) },
  reluSquared: { f: (x) => Math.max(x, 0) ** 2, slope: (x) => 2 * Math.max(x, 0) },
  relu6: {
    f: (x) => Math.min(Math.max(x, 0), 6), slope: (x) => Number(x > 0 && x < 6), domain: [-3, 9],
  },
  silu: {
    f: (x) => x * logistic(x), slope: (x) => logistic(x) * (1 + x * logistic(-x)), ...PARTS,
  },
  mish: { f: (x) => x * Math.tanh(softplusScalar(x)), slope: mishSlope, ...PARTS },
  softsign: { f: (x) => x / (1 + Math.abs(x)), slope: (x) => (1 + Math.abs(x)) ** -2, ...PARTS },
  tanhshrink: { f: (x) => x - Math.tanh(x), slope: (x) => Math.tanh(x) ** 2, ...PARTS },
  elu: { f: (x) => (x > 0 ? x : Math.expm1(x)), slope: (x) => Math.exp(Math.min(x, 0)), ...PARTS },
  leakyRelu: { f: (x) => (x > 0 ? x : 0.01 * x), slope: (x) => (x > 0 ? 1 : 0.01) },
  erf: {
    f: erfScalar, slope: (x) => 2 / Math.sqrt(Math.PI) * Math.exp(-x * x), ...PARTS,
  },
  erfc: {
    f: erfcScalar, slope: (x) => -2 / Math.sqrt(Math.PI) * Math.exp(-x * x), ...PARTS,
  },
  gelu: {
    f: geluScalar, slope: (x) => 0.5 * erfcScalar(-x / Math.SQRT2) + x * normalDensity(x), ...PARTS,
  },
  geluTanh: { f: geluTanhScalar, slope: geluTanhSlope, ...PARTS },
  sign: { f: Math.sign },
  floor: { f: Math.floor },
  ceil: { f: Math.ceil },
  round: { f: roundScalar },
  trunc: { f: Math.trunc },
  step: { f: (x) => Number(x > 0) },
};

type SurfaceRow = Surface & { readonly domain?: readonly [number, number] };

const half = (wins: boolean, equal: boolean): number => (equal ? 0.5 : Number(wins));

const surfaces: Readonly<Record<string, SurfaceRow>> = {
  add: { f: (a, b) => a + b, slopes: [() => 1, () => 1], relative: 1 },
  sub: { f: (a, b) => a - b, slopes: [() => 1, () => -1], relative: 1 },
  mul: { f: (a, b) => a * b, slopes: [(_, b) => b, (a) => a], relative: 1 },
  div: { f: (a, b) => a / b, slopes: [(_, b) => 1 / b, (a, b) => -a / (b * b)], domain: POSITIVE },
  maximum: {
    f: Math.max, slopes: [(a, b) => half(a > b, a === b), (a, b) => half(b > a, a === b)],
  },
  minimum: {
    f: Math.min, slopes: [(a, b) => half(a < b, a === b), (a, b) => half(b < a, a === b)],
  },
  pow: {
    f: (a, b) => a ** b, slopes: [(a, b) => b * a ** (b - 1), (a, b) => a ** b * Math.log(a)],
    domain: [0.5, 2], relative: 64,
  },
  atan2: {
    f: Math.atan2, slopes: [(a, b) => b / (a * a + b * b), (a, b) => -a / (a * a + b * b)],
    domain: POSITIVE, ...PARTS,
  },
  hypot: {
    f: Math.hypot, slopes: [(a, b) => a / Math.hypot(a, b), (a, b) => b / Math.hypot(a, b)],
    domain: POSITIVE, ...PARTS,
  },
  logAddExp: {
    f: (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))),
    slopes: [(a, b) => logistic(a - b), (a, b) => logistic(b - a)], ...PARTS,
  },
};

/** Sizes that broadcast with a shape: each kept or 1, and leading ones left out. */
export function broadcastable(rng: TestRng, shape: readonly number[]): number[] {
  if (rng.int(3) === 0) return [...shape];
  const from = rng.int(shape.length + 1);
  return shape.slice(from).map((size) => (rng.int(3) === 0 ? 1 : size));
}

/** A multiplication by a number, a clipping and a choice are here because of their arguments. */
const others: readonly FuzzOp[] = [
  {
    name: "scale", draw: (rng) => ({ args: [(rng.int(17) - 8) / 4] }),
    ref: ([x], factor: number) =>
      unary(x as Var, { f: (v) => v * factor, slope: () => factor, relative: 1 }),
  },
  {
    name: "clip", draw: (rng) => ({ args: [{ min: -rng.int(4) / 2, max: rng.int(4) / 2 + 0.25 }] }),
    ref: ([x], { min, max }: { min: number; max: number }) => unary(x as Var, {
      f: (v) => Math.min(Math.max(v, min), max), slope: (v) => Number(v > min && v < max),
    }),
  },
  {
    name: "lerp", inputs: 2,
    draw: (rng, shape) => ({ others: [broadcastable(rng, shape)], args: [rng.int(9) / 8] }),
    ref: ([a, b], t: number) => binary(a as Var, b as Var, {
      f: (x, y) => x + t * (y - x), slopes: [() => 1 - t, () => t],
      absolute: 16, // differences of numbers of a few units
    }),
  },
];

/** All of them. */
export const elementwiseOps: readonly FuzzOp[] = [
  ...Object.entries(curves).map(([name, { domain, ...curve }]): FuzzOp => ({
    name, ...(domain && { domain }), ref: ([x]) => unary(x as Var, curve),
  })),
  ...Object.entries(surfaces).map(([name, { domain, ...surface }]): FuzzOp => ({
    name, inputs: 2, ...(domain && { domain }),
    draw: (rng, shape) => ({ others: [broadcastable(rng, shape)] }),
    ref: ([a, b]) => binary(a as Var, b as Var, surface),
  })),
  ...others,
];

