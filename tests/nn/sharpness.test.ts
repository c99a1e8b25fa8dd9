import * as assert from "uvu/assert";
import { type Tensor, add as addTensors, mul, scale as scaleTensor, sub, sum } from
  "../../autograd/index.ts";
import { CONVERGED, type Module, type Sharpness, add, compose, functionalAttention, gelu, identity,
  layerNorm, linear, meanSubtract, mul as times, power, relu, residual, rms, scale, scaleInput,
  tare, tuple, withMass } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { draw, drawTree } from "./helpers.ts";
import { randomModule } from "./random_module.ts";

const test = suite("sharpness");

const layer = () => linear(3, 3);

function close(module: Module, [alpha, beta, gamma]: readonly [number, number, number]): void {
  const found = module.sharpness as Sharpness;
  assertClose([found.alpha, found.beta, found.gamma], [alpha, beta, gamma], {
    rtol: 1e-12, atol: 1e-12,
  });
}

test("linear maps have none, and layers beta only", () => {
  for (const module of [identity(), times(-3), meanSubtract(), compose(times(2), identity())]) {
    close(module, [0, 0, 0]);
  }
  close(layer(), [0, 1, 0]);
  close(functionalAttention(), [0, 0, 3]);
});

test("it scales with factors of either sign, on the output and on the input", () => {
  const two = compose(layer(), layer());

  close(scale(-2, two), [0.25, 1, 0]);
  close(scaleInput(two, -2), [0.5, 2, 0]);
  close(scale(2, functionalAttention()), [0, 0, 6]);
  close(scaleInput(functionalAttention(), 2), [0, 0, 12]);
});

test("side by side it adds up with shares of the mass", () => {
  const two = compose(layer(), layer());

  close(tuple(two, layer()), [(2 / 3) ** 2 / 2, 1, 0]);
  close(add(tare(two, 1), layer()), [0.125, 1, 0]);
  close(compose(functionalAttention(), tuple(layer(), layer(), layer())), [3, 10, 27]);
});

test("a frozen layer is a constant", () => {
  close(compose(layer(), withMass(layer(), 0)), [0, 1, 0]);
  close(withMass(compose(layer(), layer()), 0), [0, 0, 0]);
});

test("it grows towards one with depth, and residual blocks keep it finite", () => {
  close(power(layer(), 10), [0.9, 1, 0]);
  const { alpha } = power(residual(compose(layer(), layer()), 4), 4).sharpness as Sharpness;

  assert.ok(alpha < 3, `${alpha}`);
});

test("what is not known of a part is not known of the whole", () => {
  for (const bond of [relu(), gelu(), layerNorm()]) {
    assert.is(bond.sharpness, undefined);
    assert.is(compose(layer(), bond, layer()).sharpness, undefined);
    assert.is(tuple(layer(), bond).sharpness, undefined);
  }
});

// Second differences of linear functionals of the output, at weights and inputs of norm one.
test("alpha bounds the second differences of random modules", async ({ rng }) => {
  const step = 0.125;
  let seen = 0;
  for (let i = 0; i < 60; i++) {
    const module = randomModule(rng, 3, 2, { contracting: true });
    if (!module.sharpness || module.atoms < 2) continue;
    const weights = module.project(drawTree(rng, module));
    const direction = module.toList(module.dualize(drawTree(rng, module), step, CONVERGED));
    const at = (sign: number) => module.toTree(module.toList(weights).map((w, k) => {
      return addTensors(w, scaleTensor(direction[k] as Tensor, sign)); // one for each
    }));
    const [x, c] = [draw(rng, [1, 3]), draw(rng, [1, 3])].map((v) => rms.dualize(v)) as
      [Tensor, Tensor];
    const f = (sign: number) => sum(mul(module.forward(x, at(sign)), c));
    const bend = await addTensors(sub(f(1), scaleTensor(f(0), 2)), f(-1)).item();

    // The dual norm of c is 3; on the way weights have norms of up to 1 + step.
    const bound = 3 * module.sharpness.alpha * step ** 2 * (1 + step) ** module.atoms;
    assert.ok(Math.abs(bend) <= bound + 1e-5, `${bend} for ${bound}`); // rounding of f
    seen++;
  }
  assert.ok(seen >= 10, `${seen} modules`);
});

test.run();
