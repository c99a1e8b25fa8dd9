// Which optimizer of the package is which algorithm of optim.json. One algorithm, one row.

import { CONVERGED, JORDAN, rms, rmsToRms } from "../../nn/index.ts";
import type { PolarSet } from "../../nn/index.ts";
import { adam, adamw, muon, sgd } from "../../optim/index.ts";
import type {
  AdamOptions, AdamRuleOptions, Geometry, MuonOptions, MuonScale, SgdOptions,
} from "../../optim/index.ts";
import { Missing } from "./missing.ts";
import { only } from "./op_rows.ts";
import { composedRows } from "./optim_composed.ts";
import { optionsFrom, without } from "./optim_options.ts";
import type { Names, OptimRow, Weights } from "./optim_options.ts";
import type { FixtureValues } from "./types.ts";
import { flat } from "./views.ts";

const SGD: Names = {
  lr: "lr", weight_decay: "weightDecay", momentum: "momentum", dampening: "dampening",
  nesterov: "nesterov",
};
const ADAM_RULE: Names = { lr: "lr", betas: "betas", eps: "eps", weight_decay: "weightDecay" };
const ADAM: Names = { ...ADAM_RULE, amsgrad: "amsgrad" };
const MUON: Names = {
  lr: "lr", momentum: "momentum", nesterov: "nesterov", weight_decay: "weightDecay",
};

const simple: Readonly<Record<string, OptimRow>> = {
  sgd: (hyper) => ({ optimizer: sgd(optionsFrom<SgdOptions>("sgd", hyper, SGD)) }),
  adam: (hyper) => {
    const rest = without("adam", hyper, { decoupled: false });
    return { optimizer: adam(optionsFrom<AdamOptions>("adam", rest, ADAM)) };
  },
  adamw: (hyper) => {
    const rest = without("adamw", hyper, { decoupled: true });
    return { optimizer: adamw(optionsFrom<AdamOptions>("adamw", rest, ADAM)) };
  },
};

// Matrices in the norm of linear layers, vectors in that of biases.
function geometryOf(weights: Weights): Geometry {
  const entries = Object.entries(weights).map(([path, { shape }]) => {
    return { path, norm: shape.length < 2 ? rms : rmsToRms, share: 1 };
  });
  return { entries };
}

const MUON_SCALES: Readonly<Record<string, MuonScale>> = {
  keller: "original", moonlight: "moonlight", modula: "modula", none: "none",
};

function muonBy(algorithm: string, polar: PolarSet): OptimRow {
  return ({ scale: name = "keller", ...hyper }, weights) => {
    const scale = MUON_SCALES[String(name)];
    if (scale === undefined) throw new Missing(`${algorithm} with scale ${String(name)}`);
    const options = optionsFrom<MuonOptions>(algorithm, hyper, MUON);
    return { optimizer: muon(geometryOf(weights), { ...options, scale, polar }), view: flat };
  };
}

function nested(hyper: FixtureValues, name: string): FixtureValues {
  return hyper[name] as FixtureValues; // a map in every case of the algorithms below
}

const muons: Readonly<Record<string, OptimRow>> = {
  muon_exact: muonBy("muon_exact", CONVERGED),
  muon_ref: (hyper, weights) => {
    // The package has no epsilon in the norm: it takes the largest element out first.
    const fixed = { coeffs: "jordan5", ns_steps: JORDAN.coefficients.length, norm_eps: 1e-7 };
    return muonBy("muon_ref", JORDAN)(without("muon_ref", hyper, fixed), weights);
  },
  muon_aux_adam: (hyper, weights) => {
    only(hyper, "muon_aux_adam", ["muon", "adam"]);
    const options = optionsFrom<MuonOptions>("muon_aux_adam", nested(hyper, "muon"), MUON);
    const adamw = optionsFrom<AdamRuleOptions>("aux adam", nested(hyper, "adam"), ADAM_RULE);
    return { optimizer: muon(geometryOf(weights), { ...options, adamw }) };
  },
};

/** Every algorithm of optim.json that the package has, by its name in the file. */
export const optimRows: Readonly<Record<string, OptimRow>> = {
  ...simple,
  ...muons,
  ...composedRows,
};
