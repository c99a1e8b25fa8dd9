// The cases of optim.json that are no trajectory of weights.

import { keep, matmul, scope, transpose, zeros } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { Optimizer, evenNeurons, maxLogits, qkClip, ruleOf } from "../../optim/index.ts";
import { tensorList, tensorValue, toTensor } from "./decode.ts";
import { number, only } from "./op_rows.ts";
import type { CaseRunner, FixtureTensor, FixtureValues } from "./types.ts";
import { without } from "./optim_options.ts";

// The stage by itself: what it hands on to the step is the result.
const reduction: CaseRunner = async (fixture, check) => {
  const hyper = without("normuon_reduction", fixture.hyper ?? {}, { reduce_axis: -2 });
  only(hyper, "normuon_reduction", ["beta2", "floor"]);
  const results: Tensor[] = [];
  using optimizer = new Optimizer({
    name: "reduction",
    rules: [ruleOf("reduction", 1, {
      dualize: evenNeurons({
        beta: number(hyper, "beta2"), eps: number(hyper, "floor"), form: "speedrun",
      }),
      step: {
        run: (leaves) => {
          results.push(...leaves.map(({ value }) => keep(value)));
          return leaves;
        },
      },
    })],
  });
  const list = tensorList(fixture.in, "V");
  const expected = tensorList(fixture.out, "V");
  const weight = zeros(list[0]?.shape ?? []);
  for (const [t, v] of list.entries()) {
    scope(() => optimizer.step({ v: weight }, { v: toTensor(v) }));
    const got = results[t] as Tensor; // one a step
    await check.tensor(`V[${t}]`, got, expected[t] as FixtureTensor, "V");
    got.dispose();
  }
  const { neurons } = optimizer.state.trees as Record<string, { readonly v: Tensor }>;
  await check.tensor(
    "second_moment", neurons?.v as Tensor, tensorValue(fixture.out, "second_moment"),
  );
};

const clip: CaseRunner = async (fixture, check) => {
  const hyper: FixtureValues = fixture.hyper ?? {};
  only(hyper, "qk_clip", ["heads", "tau", "alpha", "logit_scale", "causal"]);
  const input = (name: string): Tensor => toTensor(tensorValue(fixture.in, name));
  const [x, query, key] = [input("x"), input("Wq"), input("Wk")];
  const logits = maxLogits(matmul(x, transpose(query)), matmul(x, transpose(key)), {
    heads: number(hyper, "heads"), scale: number(hyper, "logit_scale"),
    causal: hyper["causal"] === true,
  });
  const gamma = qkClip(query, key, logits, {
    tau: number(hyper, "tau"), alpha: number(hyper, "alpha"),
  });
  const results = { max_logit: logits, gamma, Wq: query, Wk: key };
  for (const [name, got] of Object.entries(results)) {
    await check.tensor(name, got, tensorValue(fixture.out, name));
  }
};

/** Runners by the name of the algorithm. */
export const optimSpecials: Readonly<Record<string, CaseRunner>> = {
  normuon_reduction: reduction,
  qk_clip: clip,
};
