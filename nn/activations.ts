// Activations with their largest slopes. `unitSensitivity` divides one by its slope.

import { gelu as geluOp, reluSquared as reluSquaredOp, relu as reluOp, scale, sigmoid as sigmoidOp,
  silu as siluOp, softplus as softplusOp, tanh as tanhOp } from "../autograd/index.ts";
import { checkSensitivity, single } from "./bonds.ts";
import type { Module } from "./module.ts";

/** Hyperbolic tangent. */
export function tanh(): Module {
  return single("tanh", tanhOp, { anyNorm: true });
}

/**
 * 1 / (1 + exp(-x)); sensitivity 1/4, at 0. It moves 0, so what comes after it is given more than
 * norm one, and its weights move the output by more than their norm.
 */
export function sigmoid(): Module {
  return single("sigmoid", sigmoidOp, { sensitivity: 0.25, anyNorm: true });
}

/** log(1 + exp(x)). It moves 0, as `sigmoid` does. */
export function softplus(): Module {
  return single("softplus", softplusOp, { anyNorm: true });
}

/** Largest slope of x sigmoid(x), at 2.399357; solved to 20 digits. */
const SILU_SLOPE = 1.09983932012886692;

/** x sigmoid(x); sensitivity 1.09984. */
export function silu(): Module {
  return single("silu", siluOp, { sensitivity: SILU_SLOPE, anyNorm: true });
}

/** Largest slope of x Phi(x), at sqrt(2): Phi(sqrt(2)) + sqrt(2) phi(sqrt(2)). */
const GELU_ERF_SLOPE = 1.12890414518515479;

/** GELU with the error function, x Phi(x); sensitivity 1.128904. */
export function geluErf(): Module {
  return single("geluErf", geluOp, { sensitivity: GELU_ERF_SLOPE, anyNorm: true });
}

/**
 * Square of max(x, 0). Its slope is 2 x: no bound holds for all inputs; the sensitivity 2 is one
 * for entries up to 1.
 */
export function reluSquared(): Module {
  return single("reluSquared", reluSquaredOp, {
    sensitivity: 2, lipschitz: Infinity, condition: "entries up to 1",
  });
}

const ON_AVERAGE = { anyNorm: true, condition: "the average input only" };

/**
 * sqrt(2) max(x, 0), which keeps the RMS of the average input. Sensitivity one by that convention
 * of 2024; the true bound is sqrt(2).
 */
export function scaledRelu(): Module {
  const forward = (x: Parameters<typeof reluOp>[0]) => scale(reluOp(x), Math.SQRT2);
  return single("scaledRelu", forward, { smooth: false, lipschitz: Math.SQRT2, ...ON_AVERAGE });
}

/** sqrt(2) `geluErf`, with sensitivity one by the convention of 2024; the true bound is 1.5965. */
export function scaledGelu(): Module {
  const lipschitz = Math.SQRT2 * GELU_ERF_SLOPE;
  const forward = (x: Parameters<typeof geluOp>[0]) => scale(geluOp(x), Math.SQRT2);
  return single("scaledGelu", forward, { lipschitz, ...ON_AVERAGE });
}

/**
 * Squashes into (-cap, cap): `cap tanh(x / cap)`.
 *
 * @throws RangeError if the cap is not positive
 */
export function softcap(cap: number): Module {
  checkSensitivity(`softcap(${cap})`, 1 / cap);
  return single(`softcap(${cap})`, (x) => scale(tanhOp(scale(x, 1 / cap)), cap), { anyNorm: true });
}
