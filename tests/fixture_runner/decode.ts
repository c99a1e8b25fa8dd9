// From a fixture's JSON to numbers and tensors.

import { tensor } from "../../engine/index.ts";
import type { Tensor } from "../../engine/index.ts";
import { array64, build64, sizeOf } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import type { FixtureNumber, FixtureTensor, FixtureValue, FixtureValues } from "./types.ts";

/**
 * A number from JSON, where NaN and infinities are written as text.
 */
export function decodeNumber(value: FixtureNumber): number {
  return Number(value);
}

/**
 * Whether a value of a fixture is a tensor.
 */
export function isTensorValue(value: FixtureValue | undefined): value is FixtureTensor {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "shape" in value;
}

/**
 * The named value, which must be a tensor.
 *
 * @throws Error if it is not there or is something else
 */
export function tensorValue(values: FixtureValues | undefined, name: string): FixtureTensor {
  const value = values?.[name];
  if (isTensorValue(value)) return value;
  throw new Error(`fixture: "${name}" is not a tensor.`);
}

/**
 * The named value, which must be a list of tensors.
 *
 * @throws Error if it is not there or is something else
 */
export function tensorList(values: FixtureValues | undefined, name: string): FixtureTensor[] {
  const value = values?.[name];
  if (Array.isArray(value) && value.every(isTensorValue)) return value;
  throw new Error(`fixture: "${name}" is not a list of tensors.`);
}

// Source: fixtures/README.md, "Generated input".
function lcg32(shape: readonly number[], seed: number, divisor: number): Array64 {
  let state = seed;
  return build64(shape, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return ((state >>> 20) - 2048) / divisor;
  });
}

/**
 * The values of a tensor in float64.
 *
 * @throws Error if the tensor is only probed, or generated in an unknown way
 */
export function decode64(value: FixtureTensor): Array64 {
  const { shape, data, gen } = value;
  if (data !== undefined) return array64(shape, data.map(decodeNumber));
  if (gen?.kind === "lcg32") return lcg32(shape, gen.seed, gen.div);
  if (sizeOf(shape) === 0) return array64(shape, []);
  throw new Error(`fixture: a tensor has neither data nor a known generator: ${gen?.kind}.`);
}

/**
 * The tensor on the device, in the current scope.
 *
 * @throws Error if the fixture's tensor has no values
 */
export function toTensor(value: FixtureTensor): Tensor {
  const { shape, data } = decode64(value);
  const dtype = value.dtype ?? "f32";
  const typed = dtype === "i32" ? Int32Array.from(data)
    : dtype === "bool" ? Uint32Array.from(data)
    : Float32Array.from(data);
  return tensor(typed, { shape, dtype });
}

/**
 * All tensors of a map, on the device; other values are left out.
 */
export function toTensors(values: FixtureValues | undefined): Record<string, Tensor> {
  const found: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(values ?? {})) {
    if (isTensorValue(value)) found[name] = toTensor(value);
  }
  return found;
}
