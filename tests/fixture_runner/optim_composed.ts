// The algorithms of optim.json that the package's stages give when put together, as a user would.
// A row has no arithmetic of its own; an algorithm that needs a stage the package does not have
// has no row.

import { CONVERGED, JORDAN, frobenius, maxAbs } from "../../nn/index.ts";
import type { Norm, PolarSet } from "../../nn/index.ts";
import {
  Optimizer, descend, dualizeBy, ema, heavyBall, noAverage, noDual,
} from "../../optim/index.ts";
import type { Stage } from "../../optim/index.ts";
import { Missing } from "./missing.ts";
import { normByName } from "./norm_rows.ts";
import { number, only } from "./op_rows.ts";
import type { OptimRow, Stepped, Weights } from "./optim_options.ts";
import { scionNorm } from "./scion_norms.ts";
import type { FixtureValues } from "./types.ts";
import { oneRow } from "./views.ts";

// What of a rule differs between the rows.
interface Stages {
  readonly prepare?: readonly Stage[];
  readonly average: Stage;
  readonly dualize: Stage;
  readonly weightDecay?: number;
}

function composed(name: string, hyper: FixtureValues, stages: Stages): Optimizer {
  const { weightDecay = 0, ...rest } = stages;
  const step = descend(name, { weightDecay });
  return new Optimizer({ name, rules: [{ name, lr: number(hyper, "lr"), ...rest, step }] });
}

// All weights in one norm.
function inNorm(norm: Norm, radius = 1, polar: PolarSet = CONVERGED): Stage {
  return dualizeBy(() => ({ norm, radius }), polar);
}

// A step by the duality map of one norm, of the gradient or of its average. These norms do not
// depend on the shape, so a vector is as good as a matrix of one row.
function normalized(name: string, norm: Norm, names: readonly string[]): OptimRow {
  return (hyper) => {
    only(hyper, name, ["lr", ...names]);
    const { beta = 0, weight_decay: weightDecay = 0 } = hyper;
    const average = beta === 0 ? noAverage() : ema({ momentum: Number(beta) });
    const stages = { average, dualize: inNorm(norm), weightDecay: Number(weightDecay) };
    return { optimizer: composed(name, hyper, stages), view: oneRow };
  };
}

// W <- (1 - lr) W - lr radius D(d) if constrained, that is decay 1; without decay if not.
function conditionalGradient(name: string, weightDecay: number): OptimRow {
  return (hyper) => {
    only(hyper, name, ["lr", "alpha", "norm", "radius"]);
    const norm = normByName(String(hyper["norm"]), name);
    const average = ema({ momentum: 1 - number(hyper, "alpha") });
    const dualize = inNorm(norm, number(hyper, "radius"));
    return { optimizer: composed(name, hyper, { average, dualize, weightDecay }) };
  };
}

function decayOf({ unconstrained }: FixtureValues): number {
  return unconstrained === true ? 0 : 1;
}

// An average of directions, so the duality map comes first.
const almond: OptimRow = (hyper) => {
  only(hyper, "almond", ["lr", "alpha", "norm", "radius", "unconstrained"]);
  const norm = normByName(String(hyper["norm"]), "almond");
  return {
    optimizer: composed("almond", hyper, {
      prepare: [inNorm(norm, number(hyper, "radius"))],
      average: ema({ momentum: 1 - number(hyper, "alpha") }),
      dualize: noDual(),
      weightDecay: decayOf(hyper),
    }),
  };
};

const SCION = ["lr", "momentum", "norm", "norm_kwargs", "scale", "unconstrained"] as const;

// Its `momentum` is one minus the decay.
function scionBy(name: string, averageOf: (decay: number) => Stage): OptimRow {
  return (hyper, weights): Stepped => {
    only(hyper, name, SCION);
    const norms = scionNorms(hyper, weights);
    const radius = number(hyper, "scale");
    const measure = (path: string) => {
      const norm = norms[path];
      if (norm === undefined) throw new Missing(`${name} for ${path}`);
      return { norm, radius };
    };
    const average = averageOf(1 - number(hyper, "momentum"));
    const stages = { average, dualize: dualizeBy(measure, JORDAN), weightDecay: decayOf(hyper) };
    return { optimizer: composed(name, hyper, stages) };
  };
}

function scionNorms(hyper: FixtureValues, weights: Weights): Readonly<Record<string, Norm>> {
  const options = (hyper["norm_kwargs"] ?? {}) as FixtureValues; // a map in every case
  const name = String(hyper["norm"]);
  return Object.fromEntries(
    Object.entries(weights).map(([path, { shape }]) => [path, scionNorm(name, options, shape)]),
  );
}

/** Compositions by the name of the algorithm in the file. */
export const composedRows: Readonly<Record<string, OptimRow>> = {
  normalized_sgd: /* @__PURE__ */ normalized("normalized_sgd", frobenius, ["beta"]),
  signsgd: /* @__PURE__ */ normalized("signsgd", maxAbs, []),
  signum: /* @__PURE__ */ normalized("signum", maxAbs, ["beta", "weight_decay"]),
  uscg: /* @__PURE__ */ conditionalGradient("uscg", 0),
  scg: /* @__PURE__ */ conditionalGradient("scg", 1),
  almond,
  scion: /* @__PURE__ */ scionBy("scion", (momentum) => ema({ momentum })),
  // The gradient buffer that is never zeroed but shrunk after a step is a decaying sum.
  scion_light: /* @__PURE__ */ scionBy("scion_light", (momentum) => heavyBall({ momentum })),
};
