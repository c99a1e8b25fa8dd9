import * as assert from "uvu/assert";
import { sgd } from "../../optim/index.ts";
import { suite } from "../harness.ts";
import { zip64 } from "../reference.ts";
import { Memory64, assertFollows } from "./trees.ts";
import type { Reference } from "./trees.ts";

const test = suite("sgd");

interface Hyper {
  readonly lr: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

function sgd64(hyper: Hyper): Reference {
  const { lr, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = hyper;
  const memory = new Memory64();
  return (weight, grad, t, path) => {
    const g = zip64(grad, weight, (x, w) => x + weightDecay * w);
    const gain = t === 1 ? 1 : 1 - dampening;
    const v = memory.update(path, g, (before, x) => momentum * before + gain * x);
    const direction = nesterov ? zip64(g, v, (x, y) => x + momentum * y) : v;
    return zip64(weight, direction, (w, d) => w - lr * d);
  };
}

const cases: Readonly<Record<string, Hyper>> = {
  "plain gradient descent": { lr: 0.125 },
  "weight decay is part of the gradient": { lr: 0.125, weightDecay: 0.25 },
  "momentum is a decaying sum": { lr: 0.125, momentum: 0.875 },
  "dampening spares the first gradient": { lr: 0.125, momentum: 0.875, dampening: 0.25 },
  "Nesterov looks ahead": { lr: 0.125, momentum: 0.875, nesterov: true, weightDecay: 0.1 },
};

for (const [name, hyper] of Object.entries(cases)) {
  test(name, async ({ rng }) => {
    using optimizer = sgd(hyper);

    await assertFollows(rng, { optimizer, reference: sgd64(hyper) });
  });
}

test("momentum alone takes memory, one number for each parameter", async ({ rng }) => {
  using plain = sgd({ lr: 0.1 });
  using heavy = sgd({ lr: 0.1, momentum: 0.9 });

  await assertFollows(rng, { optimizer: plain, reference: sgd64({ lr: 0.1 }), steps: 1 });
  await assertFollows(rng, {
    optimizer: heavy, reference: sgd64({ lr: 0.1, momentum: 0.9 }), steps: 1,
  });

  assert.equal(Object.keys(plain.state.trees), []);
  assert.equal(Object.keys(heavy.state.trees), ["momentum"]);
});

test("options out of range are refused", () => {
  const refuses = (message: RegExp, options: object): void => {
    assert.throws(() => sgd(options as Hyper), message);
  };

  refuses(/^sgd: lr is out of range: NaN\. Use a finite number >= 0\.$/, { lr: NaN });
  refuses(/^sgd: lr is out of range: -1\. /, { lr: -1 });
  refuses(/^sgd: lr is out of range: "0\.1"\. /, { lr: "0.1" });
  refuses(/^sgd: option missing: lr\. Give a finite number >= 0\.$/, {});
  refuses(/^sgd: momentum is out of range: 1\. Use a number in \[0, 1\)\.$/, {
    lr: 1, momentum: 1,
  });
  refuses(/^sgd: dampening is out of range: 2\. Use a number in \[0, 1\]\.$/, {
    lr: 1, dampening: 2,
  });
  refuses(/^sgd: weightDecay is out of range: Infinity\. /, { lr: 1, weightDecay: Infinity });
  refuses(/^sgd: nesterov is out of range: 1\. Use true or false\.$/, { lr: 1, nesterov: 1 });
  refuses(/^sgd: schedule is out of range: 3\. Use a function of the step\.$/, {
    lr: 1, schedule: 3,
  });
  refuses(/^sgd: unknown option: learningRate\. Use lr, momentum, dampening, /, {
    learningRate: 1,
  });
  refuses(/^sgd: nesterov does not fit: momentum 0, dampening 0\. Use momentum > 0 /, {
    lr: 1, nesterov: true,
  });
});

test.run();
