// Which optimizer of the package is which algorithm of optim.json. One algorithm, one row.

import {
  adagrad, adam, adamw, agd, fromage, isoAdamTensor, lamb, lars, lion, normalizedSgd, rmsprop, sgd,
  shampoo, signSgd, signum, soap,
} from "../../optim/index.ts";
import type { Optimizer } from "../../optim/index.ts";
import { matrixRows } from "./optim_matrices.ts";
import { normRows } from "./optim_norms.ts";
import { optionsFrom, without } from "./optim_options.ts";
import type { Names, OptimRow } from "./optim_options.ts";
import type { FixtureValues } from "./types.ts";

const SGD: Names = {
  lr: "lr", weight_decay: "weightDecay", momentum: "momentum", dampening: "dampening",
  nesterov: "nesterov",
};
const MOMENTS: Names = { lr: "lr", betas: "betas", eps: "eps" };
const ADAM: Names = { ...MOMENTS, weight_decay: "weightDecay", amsgrad: "amsgrad" };
const SIGN: Names = { lr: "lr", beta: "momentum", weight_decay: "weightDecay" };

// An optimizer that takes its hyper-parameters under other names, and some only as it has them.
function named<Options>(
  algorithm: string, make: (options: Options) => Optimizer, names: Names,
  fixed: FixtureValues = {},
): OptimRow {
  return (hyper) => {
    const rest = without(algorithm, hyper, fixed);
    return { optimizer: make(optionsFrom<Options>(algorithm, rest, names)) };
  };
}

// Its two betas have names of their own.
const lionRow: OptimRow = ({ beta1 = 0.9, beta2 = 0.99, ...hyper }) => {
  const betas = [Number(beta1), Number(beta2)] as const;
  return { optimizer: lion({ ...optionsFrom<object>("lion", hyper, SIGN), betas }) };
};

// Null means no bound.
const fromageRow: OptimRow = ({ p_bound: bound, ...hyper }) => {
  const options = optionsFrom<object>("fromage", hyper, { lr: "lr" });
  return { optimizer: fromage({ ...options, ...(bound !== null && { bound: Number(bound) }) }) };
};

/** Every algorithm of optim.json that the package has, by its name in the file. */
export const optimRows: Readonly<Record<string, OptimRow>> = {
  sgd: /* @__PURE__ */ named("sgd", sgd, SGD),
  adam: /* @__PURE__ */ named("adam", adam, ADAM, { decoupled: false }),
  adamw: /* @__PURE__ */ named("adamw", adamw, ADAM, { decoupled: true }),
  rmsprop: /* @__PURE__ */ named("rmsprop", rmsprop, {
    lr: "lr", alpha: "beta", eps: "eps", momentum: "momentum", centered: "centered",
  }),
  adagrad: /* @__PURE__ */ named("adagrad", adagrad, {
    lr: "lr", eps: "eps", lr_decay: "rateDecay", initial_accumulator: "start",
  }),
  isoadam_tensor: /* @__PURE__ */ named("isoadam_tensor", isoAdamTensor, MOMENTS),
  normalized_sgd: /* @__PURE__ */ named("normalized_sgd", normalizedSgd, SIGN),
  signsgd: /* @__PURE__ */ named("signsgd", signSgd, SIGN),
  signum: /* @__PURE__ */ named("signum", signum, SIGN),
  lion: lionRow,
  lars: /* @__PURE__ */ named("lars", lars, {
    lr: "lr", momentum: "momentum", weight_decay: "weightDecay", trust: "trust",
  }, { eps: 0 }),
  lamb: /* @__PURE__ */ named("lamb", lamb, { ...MOMENTS, weight_decay: "weightDecay" }),
  shampoo: /* @__PURE__ */ named("shampoo", shampoo, {
    lr: "lr", eps: "eps", exponent: "exponent", beta: "beta",
  }),
  soap: /* @__PURE__ */ named("soap", soap, {
    ...MOMENTS, weight_decay: "weightDecay", precondition_frequency: "every",
  }, { shampoo_beta: -1, correct_bias: true }),
  fromage: fromageRow,
  agd: /* @__PURE__ */ named("agd", agd, { gain: "lr" }),
  ...normRows,
  ...matrixRows,
};
