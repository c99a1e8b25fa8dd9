// The algorithms of optim.json that have one rule for matrices and another for the rest.

import { CONVERGED, JORDAN, convRmsToRms, rms, rmsToRms } from "../../nn/index.ts";
import type { PolarSet } from "../../nn/index.ts";
import { adaSpectral, dion, muon, normuon, rmsSpectral } from "../../optim/index.ts";
import type { AdamRuleOptions, Geometry, MuonOptions, MuonScale, RmsSpectralOptions } from
  "../../optim/index.ts";
import { Missing } from "./missing.ts";
import { only } from "./op_rows.ts";
import { optionsFrom, without } from "./optim_options.ts";
import type { Names, OptimRow, Weights } from "./optim_options.ts";
import type { FixtureValues } from "./types.ts";

const MUON: Names = {
  lr: "lr", momentum: "momentum", nesterov: "nesterov", weight_decay: "weightDecay",
};
const ADAM: Names = { lr: "lr", betas: "betas", eps: "eps", weight_decay: "weightDecay" };

// Matrices in the norm of linear layers, kernels in that of convolutions, vectors as biases.
function geometryOf(weights: Weights): Geometry {
  const entries = Object.entries(weights).map(([path, { shape }]) => {
    const norm = shape.length < 2 ? rms : shape.length === 2 ? rmsToRms : convRmsToRms;
    return { path, norm, share: 1 };
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
    return { optimizer: muon(geometryOf(weights), { ...options, scale, polar }) };
  };
}

function nested(hyper: FixtureValues, name: string): FixtureValues {
  return hyper[name] as FixtureValues; // a map in every case of the algorithms below
}

const muonRef: OptimRow = (hyper, weights) => {
  // The package has no epsilon in the norm: it takes the largest element out first.
  const fixed = { coeffs: "jordan5", ns_steps: JORDAN.coefficients.length, norm_eps: 1e-7 };
  return muonBy("muon_ref", JORDAN)(without("muon_ref", hyper, fixed), weights);
};

const muonAuxAdam: OptimRow = (hyper, weights) => {
  only(hyper, "muon_aux_adam", ["muon", "adam"]);
  const options = optionsFrom<MuonOptions>("muon_aux_adam", nested(hyper, "muon"), MUON);
  const adamw = optionsFrom<AdamRuleOptions>("aux adam", nested(hyper, "adam"), ADAM);
  return { optimizer: muon(geometryOf(weights), { ...options, adamw }) };
};

const normuonRow: OptimRow = (hyper, weights) => ({
  optimizer: normuon(geometryOf(weights), optionsFrom("normuon", hyper, {
    lr: "lr", momentum: "momentum", beta2: "beta2", eps: "eps", weight_decay: "weightDecay",
  })),
});

const dionRow: OptimRow = (hyper, weights) => {
  // A column of zeros is told by its norm alone.
  const rest = without("dion", hyper, { eps: 1e-8, Q0: "first columns of the identity" });
  const options = optionsFrom<object>("dion", rest, { lr: "lr", mu: "momentum", rank: "rank" });
  const start = "identity";
  return { optimizer: dion(geometryOf(weights), { ...options, weightDecay: 0, start }) };
};

const SPECTRAL: Names = { lr: "lr", alpha: "beta", lam: "damping" };

/** Rows by the name of the algorithm in the file. */
export const matrixRows: Readonly<Record<string, OptimRow>> = {
  muon_exact: /* @__PURE__ */ muonBy("muon_exact", CONVERGED),
  muon_ref: muonRef,
  muon_aux_adam: muonAuxAdam,
  normuon: normuonRow,
  dion: dionRow,
  rmsspectral: (hyper, weights) => ({
    optimizer: rmsSpectral(
      geometryOf(weights), optionsFrom<RmsSpectralOptions>("rmsspectral", hyper, SPECTRAL),
    ),
  }),
  adaspectral: (hyper, weights) => ({
    optimizer: adaSpectral(
      geometryOf(weights), optionsFrom<RmsSpectralOptions>("adaspectral", hyper, SPECTRAL),
    ),
  }),
};
