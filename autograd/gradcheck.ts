import { type HostArray, type Rng, type Shape, type Tensor, dispose, rng, scope, show, tensor } from
  "../engine/index.ts";
import { pack } from "./checkpoint.ts";
import { type Measured, type Surroundings, measure, scaleAt } from "./differences.ts";
import { vjp } from "./grad.ts";
import { reshape } from "./ops/views.ts";
import { type Tree, treeLeaves, treeMapWithPath, treePaths } from "./tree.ts";

/** Options of `gradcheck`. */
export interface GradcheckOptions {
  /** Relative difference allowed beside the error of the measurement. Default 1e-3. */
  readonly tolerance?: number;
  /** Of the directions and weights that are drawn. Default 0. */
  readonly seed?: number;
  /** Check the second derivative too. Default false. */
  readonly second?: boolean;
  /** Largest step, in units of max(1, |x|); no kink or pole should be that near. Default 1/16. */
  readonly step?: number;
}

/** Where a gradient and the differences of the function are furthest apart. */
export interface GradMismatch {
  /** Names of the tensor, joined by dots; empty for a single tensor. */
  readonly path: string;
  /** Place in the tensor; undefined where only a direction of all its elements tells. */
  readonly index: readonly number[] | undefined;
  /** The derivative that the vjp gives. */
  readonly analytic: number;
  /** The derivative that differences give. */
  readonly numeric: number;
  /** How far apart the two may be. */
  readonly allowed: number;
  /** 1 for a gradient, 2 for the gradient of a gradient. */
  readonly order: 1 | 2;
}

/** What `gradcheck` has found. */
export interface GradReport {
  readonly ok: boolean;
  /** Derivatives compared. */
  readonly checked: number;
  /** Of these, how many were drowned in rounding, or had no finite differences. */
  readonly inconclusive: number;
  /** The furthest over, or nearest to, what is allowed; undefined if nothing was compared. */
  readonly worst: GradMismatch | undefined;
  /** All that in one line. */
  readonly message: string;
}

/** Random directions in which each tensor moves as a whole, and places that move alone. */
const DIRECTIONS = 3;
const PLACES = 6;
/** An error estimate is an estimate. */
const SAFETY = 4;

interface Probe extends GradMismatch {
  /** Over 1 for a mismatch. */
  readonly ratio: number;
  readonly inconclusive: boolean;
}

/**
 * Compares the gradient of a function with differences of the function itself, computed in float32
 * on the device; see `measure` for the steps and their error.
 *
 * @param f maps a tree of tensors to a tensor, of any shape; smooth around `inputs`
 * @param inputs f32 tensors are checked, others are left as they are
 * @returns a report; the work is a few hundred calls of `f`, whatever the sizes
 * @throws Error if the function or its gradient is not finite there
 * @example
 * const { ok, message } = await gradcheck((x: Tensor) => myOp(x), uniform(rng(1), [3, 4]));
 * if (!ok) throw new Error(message);
 */
export async function gradcheck<P extends Tree>(
  f: (inputs: P) => Tensor, inputs: P, options: GradcheckOptions = {},
): Promise<GradReport> {
  const { seed = 0, second = false } = options;
  const from = rng(seed);
  const probes = await probesOf(f, inputs, 1, from, options);
  if (second) {
    const weights = scope(() => f(inputs));
    const dy = drawWeights(from, weights.size);
    const { shape, device } = weights;
    weights.dispose();
    const gradient = (p: P): Tensor => {
      const { value, pullback } = vjp(f, p);
      value.dispose();
      const grads = pullback(tensor(dy, { shape, device }) as never) as Tree;
      return pack(treeLeaves(grads).map((g) => reshape(g, [g.size])));
    };
    probes.push(...await probesOf(gradient, inputs, 2, from, options));
  }
  return report(probes);
}

async function probesOf<P extends Tree>(
  f: (inputs: P) => Tensor, inputs: P, order: 1 | 2, from: Rng, options: GradcheckOptions,
): Promise<Probe[]> {
  const { tolerance = 1e-3, step = 2 ** -4 } = options;
  const { value, pullback } = vjp(f, inputs);
  const weights = drawWeights(from, value.size);
  const grads = scope(() => {
    return pullback(tensor(weights, { shape: value.shape, device: value.device }) as never) as Tree;
  });
  const [y, ...claimed] = await Promise.all([value, ...treeLeaves(grads)].map((t) => t.read()));
  dispose([value, grads]);
  checkFinite("function", [y as HostArray]);
  checkFinite("gradient", claimed);
  const probes: Probe[] = [];
  for (const [k, [path, x]] of treePaths(inputs).entries()) {
    if (x.dtype !== "f32") continue;
    const around: Surroundings = {
      f: (t) => f(treeMapWithPath((at, old) => (at === path ? t : old), inputs) as Tree as P),
      x, point: await x.read(), weights, grad: claimed[k] as HostArray, step,
    };
    probes.push(...await probesAround(around, { path, order, tolerance }, from));
  }
  return probes;
}

interface About {
  readonly path: string;
  readonly order: 1 | 2;
  readonly tolerance: number;
}

async function probesAround(around: Surroundings, about: About, from: Rng): Promise<Probe[]> {
  const probes: Probe[] = [];
  const { size } = around.x;
  if (size === 0) return probes;
  const all = Array.from({ length: size }, (_, i) => i);
  for (let k = 0; k < PLACES && k < size; k++) {
    probes.push(await probe(around, about, new Map([[size <= PLACES ? k : from.int(size), 1]])));
  }
  for (let k = 0; k < DIRECTIONS && size > 1; k++) {
    const direction = new Map(all.map((i) => [i, from.int(2) === 0 ? 1 : -1] as const));
    const found = await probe(around, about, direction);
    probes.push(found.ratio > 1 ? await locate(around, about, direction, found) : found);
  }
  return probes;
}

/** The one place that a mismatch along a direction comes from, by halves. */
async function locate(
  around: Surroundings, about: About, direction: ReadonlyMap<number, 1 | -1>, found: Probe,
): Promise<Probe> {
  if (direction.size === 1) return found;
  const places = [...direction];
  const middle = places.length >> 1;
  for (const half of [places.slice(0, middle), places.slice(middle)]) {
    const part = new Map(half);
    const next = await probe(around, about, part);
    if (next.ratio > 1) return await locate(around, about, part, next);
  }
  return found;
}

async function probe(
  around: Surroundings, { path, order, tolerance }: About, direction: ReadonlyMap<number, 1 | -1>,
): Promise<Probe> {
  const measured: Measured = await measure(around, direction);
  const { analytic, numeric, error } = measured;
  const [first = 0] = direction.keys();
  const alone = direction.size === 1;
  const parts = [...direction.keys()].map((i) => {
    return (around.grad[i] ?? 0) * (alone ? 1 : scaleAt(around.point, i));
  });
  const norm = Math.sqrt(parts.reduce((sum, part) => sum + part * part, 0));
  const scale = Math.max(norm, Math.abs(numeric));
  const allowed = tolerance * scale + SAFETY * error;
  const ratio = Math.abs(analytic - numeric) / (allowed + Number.MIN_VALUE);
  const known = Number.isFinite(error);
  return {
    path, order, analytic, numeric, allowed,
    index: alone ? placeOf(first, around.x.shape) : undefined,
    ratio: known ? ratio : 0,
    inconclusive: !known || (scale > 0 && ratio <= 1 && SAFETY * error > 0.1 * largest(around)),
  };
}

/** The largest part that one place can have in a derivative. */
function largest({ grad, point }: Surroundings): number {
  return Array.from(grad, (g, i) => Math.abs(g) * scaleAt(point, i))
    .reduce((top, part) => Math.max(top, part), 0);
}

function drawWeights(from: Rng, size: number): Float32Array {
  const sign = () => (from.int(2) === 0 ? 1 : -1);
  return Float32Array.from({ length: size }, () => sign() * (0.5 + from.next()));
}

function placeOf(index: number, shape: Shape): number[] {
  let rest = index;
  return [...shape].reverse().map((size) => {
    const at = rest % size;
    rest = Math.floor(rest / size);
    return at;
  }).reverse();
}

function checkFinite(what: string, arrays: readonly HostArray[]): void {
  if (arrays.every((list) => list.every(Number.isFinite))) return;
  throw new Error(`gradcheck: the ${what} is not finite there. Check another point.`);
}

function report(probes: readonly Probe[]): GradReport {
  const [worst] = [...probes].sort((a, b) => b.ratio - a.ratio);
  const failed = probes.filter(({ ratio }) => ratio > 1).length;
  const inconclusive = probes.filter((p) => p.inconclusive).length;
  const counts = `${failed} of ${probes.length} derivatives differ`
    + (inconclusive > 0 ? `, ${inconclusive} could not be told from rounding` : "");
  const where = worst ? `; ${failed > 0 ? "worst" : "nearest"} ${say(worst)}` : "";
  const message = `gradcheck: ${counts}${where}.`;
  return { ok: failed === 0, checked: probes.length, inconclusive, worst, message };
}

function say({ path, index, analytic, numeric, allowed, order }: GradMismatch): string {
  const name = path === "" ? "the input" : path;
  const where = index ? `at ${show(index)}` : "along a direction";
  const short = (x: number): string => x.toPrecision(6);
  return `${order === 2 ? "second derivative by " : ""}${name} ${where}: the vjp gives `
    + `${short(analytic)}, differences give ${short(numeric)}, allowed ${allowed.toExponential(2)}`;
}
