// Every optimizer of the package, for what must hold for all of them.

import { compose, embed, linear, relu } from "../../nn/index.ts";
import { Optimizer, adam, adamw, dion, ema, fromage, lion, modularDescent, muon,
  normalizedModularDescent, normuon, rmsprop, ruleOf, scion, sgd, shampoo, soap } from
  "../../optim/index.ts";
import { whitening } from "../../optim/iso.ts";
import { layerMoments } from "./family.ts";
import type { Shapes } from "./trees.ts";

/** A module with weights of every kind: a table, matrices of one shape, a bias. */
export const module = /* @__PURE__ */ makeModule();

function makeModule() {
  return compose(
    linear(3, 5, { label: "head", bias: true }), relu(), linear(5, 5, { label: "second" }), relu(),
    linear(5, 5, { label: "first" }), embed(5, 7, { label: "table" }),
  );
}

/** Shapes of its weights by path. */
export const shapes: Shapes = /* @__PURE__ */ makeShapes();

function makeShapes(): Shapes {
  return Object.fromEntries(module.entries.map(({ path, shape }) => [path, shape]));
}

/** Makes an optimizer whose state takes every form it has. */
export type Maker = (lr: number, more?: object) => Optimizer;

// Without the option that these do not have.
function undecayed(more: object = {}): object {
  return Object.fromEntries(Object.entries(more).filter(([name]) => name !== "weightDecay"));
}

// Whose rule takes matrices alone: the bias is moved by plain descent.
function iso(lr: number, more: object = {}): Optimizer {
  const dualize = whitening((path) => layerMoments(shapes[path] ?? []), 2);
  return new Optimizer({
    name: "iso", rules: [ruleOf("iso", lr, { average: ema({ momentum: 0.9 }), dualize }),
      ruleOf("sgd", lr, {})],
    route: (path) => (shapes[path]?.length === 2 ? "iso" : "sgd"), ...undecayed(more),
  });
}

/** By name. */
export const makers: Readonly<Record<string, Maker>> = {
  modularDescent: (lr, more) => modularDescent(module, { lr, ...more }),
  muon: (lr, more) => muon(module, { lr, ...more }),
  adam: (lr, more) => adam({ lr, amsgrad: true, ...more }),
  adamw: (lr, more) => adamw({ lr, ...more }),
  sgd: (lr, more) => sgd({ lr, momentum: 0.9, nesterov: true, ...more }),
  rmsprop: (lr, more) => rmsprop({ lr, centered: true, momentum: 0.5, ...more }),
  lion: (lr, more) => lion({ lr, ...more }),
  fromage: (lr, more) => fromage({ lr, bound: 1.25, ...undecayed(more) }),
  shampoo: (lr, more) => shampoo({ lr, beta: 0.9, ...more }),
  soap: (lr, more) => soap({ lr, every: 2, ...more }),
  iso,
  normuon: (lr, more) => normuon(module, { lr, ...more }),
  dion: (lr, more) => dion(module, { lr, rank: 2, ...more }),
  scion: (lr, more) => scion(module, { lr, ...undecayed(more) }),
  normalizedModularDescent: (lr, more) => normalizedModularDescent(module, { lr, ...more }),
};
