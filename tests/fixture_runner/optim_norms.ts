// The algorithms of optim.json that go by norms.

import { CONVERGED, JORDAN } from "../../nn/index.ts";
import type { Norm } from "../../nn/index.ts";
import { almond, scg, scion, steepestDescent, uscg } from "../../optim/index.ts";
import type { Geometry, ScionOptions } from "../../optim/index.ts";
import { normByName } from "./norm_rows.ts";
import { list, number, only } from "./op_rows.ts";
import type { OptimRow, Weights } from "./optim_options.ts";
import { scionNorm } from "./scion_norms.ts";
import type { FixtureValues } from "./types.ts";

// Any list of norms by path is a module to an optimizer.
function geometryOf(
  weights: Weights, normOf: (shape: readonly number[], i: number) => Norm,
  shares: readonly number[] = [],
): Geometry {
  const entries = Object.entries(weights).map(([path, { shape }], i) => {
    return { path, norm: normOf(shape, i), share: shares[i] ?? 1 };
  });
  return { entries };
}

type Conditional = (module: Geometry, options: ScionOptions) => ReturnType<typeof uscg>;

function conditional(name: string, make: Conditional): OptimRow {
  return ({ unconstrained, ...hyper }, weights) => {
    only(hyper, name, ["lr", "alpha", "norm", "radius"]);
    const norm = normByName(String(hyper["norm"]), name);
    const options = {
      lr: number(hyper, "lr"), momentum: 1 - number(hyper, "alpha"), polar: CONVERGED,
      radii: { "": number(hyper, "radius") },
      ...(unconstrained !== undefined && { constrained: unconstrained !== true }),
    };
    return { optimizer: make(geometryOf(weights, () => norm), options) };
  };
}

const steepest: OptimRow = (hyper, weights) => {
  only(hyper, "sharp_descent", ["norm", "sharpness"]);
  const norm = normByName(String(hyper["norm"]), "sharp_descent");
  return {
    optimizer: steepestDescent(geometryOf(weights, () => norm), {
      sharpness: number(hyper, "sharpness"), together: false, polar: CONVERGED,
    }),
  };
};

// Its coefficients are one over the shares.
const modular: OptimRow = (hyper, weights) => {
  only(hyper, "modular_steepest_descent", ["norms", "s", "sharpness"]);
  const names = hyper["norms"] as readonly string[];
  const norms = names.map((name) => normByName(name, "modular_steepest_descent"));
  const geometry = geometryOf(
    weights, (_, i) => norms[i] as Norm, list(hyper, "s").map((s) => 1 / s),
  );
  const sharpness = number(hyper, "sharpness");
  return { optimizer: steepestDescent(geometry, { sharpness, polar: CONVERGED }) };
};

// Its `momentum` is one minus the decay.
function scionBy(name: string, light: boolean): OptimRow {
  return (hyper, weights) => {
    only(hyper, name, ["lr", "momentum", "norm", "norm_kwargs", "scale", "unconstrained"]);
    const kwargs = (hyper["norm_kwargs"] ?? {}) as FixtureValues; // a map in every case
    const normOf = (shape: readonly number[]) => scionNorm(String(hyper["norm"]), kwargs, shape);
    const optimizer = scion(geometryOf(weights, normOf), {
      lr: number(hyper, "lr"), momentum: 1 - number(hyper, "momentum"), polar: JORDAN, light,
      radii: { "": number(hyper, "scale") }, constrained: hyper["unconstrained"] !== true,
    });
    return { optimizer, accumulates: light };
  };
}

/** Rows by the name of the algorithm in the file. */
export const normRows: Readonly<Record<string, OptimRow>> = {
  uscg: /* @__PURE__ */ conditional("uscg", uscg),
  scg: /* @__PURE__ */ conditional("scg", scg),
  almond: /* @__PURE__ */ conditional("almond", almond),
  sharp_descent: steepest,
  modular_steepest_descent: modular,
  scion: /* @__PURE__ */ scionBy("scion", false),
  scion_light: /* @__PURE__ */ scionBy("scion_light", true),
};
