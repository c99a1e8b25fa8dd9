import { add as addTensors, rng as makeRng, scale as scaleTensor } from "../../autograd/index.ts";
import { CONVERGED, add, addBond, compose, embed, identity, linear, mul, named, power, relu, repeat,
  residual, scale, scaleInput, tare, tuple, withMass } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { assertSame, assertThrows, draw, drawTree, host, innerProduct } from "./helpers.ts";
import { randomModule, recursiveNorm, recursiveTargets } from "./random_module.ts";

const test = suite("module algebra");

const EXACT = { rtol: 1e-12, atol: 1e-12 }; // host arithmetic in float64
const FLOAT32 = { rtol: 1e-4, atol: 1e-6 }; // twenty products of float32 matrices

test("composition rules of mass, sensitivity and counts", () => {
  const f = scale(-2, linear(3, 3));
  const g = tare(scaleInput(linear(3, 3), 0.25), 3);
  const of = ({ mass, sensitivity, atoms, bonds }: typeof f) => [mass, sensitivity, atoms, bonds];

  assertSame(of(compose(f, g)), [4, 0.5, 2, 2]);
  assertSame(of(tuple(f, g)), [4, 2.25, 2, 2]);
  assertSame(of(add(f, g)), [4, 2.25, 2, 3]);
  assertSame(of(power(f, 3)), [3, 8, 3, 4]);
  assertSame(of(power(f, 0)), [0, 1, 0, 1]);
  assertSame(of(residual(f, 4)), [1, 0.75 + 0.5, 1, 5]);
  assertSame(of(residual(f, 1)), of(f));
  assertSame(of(tare(f, { relative: 0.5 })), [0.5, 2, 1, 1]);
  assertSame([compose(f, g).smooth, compose(f, relu(), g).smooth], [true, false]);
});

test("forward maps are what the algebra says", async ({ rng }) => {
  const [f, g] = [linear(4, 4), linear(4, 4, { bias: true })];
  const [wf, wg] = [drawTree(rng, f), drawTree(rng, g)];
  const x = draw(rng, [3, 4]);
  const both = (module: typeof f) => module.toTree([...f.toList(wf), ...g.toList(wg)]);
  const [fx, gx] = [f.forward(x, wf), g.forward(x, wg)];
  const same = async (module: typeof f, weights: typeof wf, expected: typeof fx) => {
    assertClose(await host(module.forward(x, weights)), await host(expected), FLOAT32);
  };

  const gf = compose(g, f);
  await same(gf, both(gf), g.forward(fx, wg));
  const sum = add(f, g);
  await same(sum, both(sum), addTensors(fx, gx));
  await same(scale(-3, f), wf, scaleTensor(fx, -3));
  await same(scaleInput(f, 0.5), wf, scaleTensor(fx, 0.5));
  const res = residual(f, 4);
  const expected = addTensors(scaleTensor(x, 0.75), scaleTensor(fx, 0.25));
  await same(res, res.toTree(f.toList(wf)), expected);
  const twice = power(f, 2);
  const [w] = f.toList(wf);
  if (w) await same(twice, twice.toTree([w, w]), f.forward(fx, wf));
  assertSame((tuple(f, g).apply(x, both(tuple(f, g))) as unknown[]).length, 2);
});

test("norm and dualize: the recursion equals the unrolled form", async ({ rng }) => {
  for (let k = 0; k < 12; k++) {
    const module = randomModule(rng, 3, 1 + rng.int(4), { frozen: true });
    const weights = drawTree(rng, module);
    const norms = [...await module.weightNorms(weights).read()];

    const shares = module.entries.map(({ share }) => share);
    assertClose(shares, recursiveTargets(module, 1), EXACT);
    const norm = await module.norm(weights).item();
    assertClose(norm, recursiveNorm(module, norms), { rtol: 1e-6, atol: 0 });
  }
});

test("dualize attains the dual norm, with the norm it is told", async ({ rng }) => {
  for (let k = 0; k < 6; k++) {
    const module = randomModule(rng, 4, 1 + rng.int(3));
    const grads = drawTree(rng, module);
    const update = module.dualize(grads, 0.3, CONVERGED);
    const dual = await module.dualNorm(grads).item();

    assertClose(await module.norm(update).item(), 0.3, FLOAT32);
    assertClose(await innerProduct(module, update, grads), 0.3 * dual, FLOAT32);
  }
});

test("the dual norm is the sum of shares times dual norms, the norm its maximum", async ({
  rng,
}) => {
  const module = compose(linear(3, 4, { bias: 2 }), relu(), scale(2, embed(4, 5)));
  const tree = drawTree(rng, module);
  const [norms, duals] = [module.weightNorms(tree), module.weightDualNorms(tree)];
  const shares = module.entries.map(({ share }) => share);
  const [n, d] = [await norms.read(), await duals.read()];

  const sum = shares.reduce((total, share, i) => total + share * (d[i] ?? NaN), 0);
  const most = Math.max(...shares.map((share, i) => (n[i] ?? NaN) / share));
  assertClose(await module.dualNorm(tree).item(), sum, FLOAT32);
  assertClose(await module.norm(tree).item(), most, FLOAT32);
  assertClose(shares, [1 / 4 / 2, 1 / 4, 2 / 4], EXACT); // the factor 2 comes after the embedding
});

test("mass zero freezes: no update, no part of the norms", async ({ rng }) => {
  const module = compose(linear(4, 4), tare(compose(linear(4, 4), linear(4, 4)), 0));
  const grads = drawTree(rng, module);
  const update = module.toList(module.dualize(grads, 1, CONVERGED));
  const last = await module.weightNorms(grads).read();

  for (const frozen of update.slice(0, 2)) {
    assertSame([...await frozen.read()].every((x) => x === 0), true);
  }
  assertClose(await module.norm(grads).item(), last[2] ?? NaN, FLOAT32);
  const all = tare(module, 0);
  assertSame([await all.norm(grads).item(), await all.dualNorm(grads).item()], [0, 0]);
  assertSame(withMass(withMass(linear(2, 2), 0), 3).mass, 3);
});

test("a negative factor does not turn updates around", async ({ rng }) => {
  const [plus, minus] = [scale(2, linear(3, 3)), scale(-2, linear(3, 3))];
  const grads = drawTree(rng, plus);
  const [a] = plus.toList(plus.dualize(grads));
  const [b] = minus.toList(minus.dualize(grads));
  if (!a || !b) throw new Error("no update");

  assertClose(await host(a), await host(b), { rtol: 0, atol: 0 });
  assertSame(minus.sensitivity, 2);
});

test("a zero gradient gives a zero update, a NaN one a NaN update in its weight", async ({
  rng,
}) => {
  const module = compose(linear(3, 3), linear(3, 3));
  const list = module.toList(drawTree(rng, module));
  const [first, second] = list as [typeof list[0] & object, typeof list[0] & object];
  const zeroNan = module.toTree([scaleTensor(first, 0), scaleTensor(second, NaN)]);
  const [zero, nan] = module.toList(module.dualize(zeroNan));

  assertSame([...await zero?.read() ?? []].every((x) => x === 0), true);
  assertSame([...await nan?.read() ?? []].every(Number.isNaN), true);
});

test("gradients of weights reach every weight of a power", ({ rng }) => {
  const module = power(compose(relu(), linear(3, 3)), 3);

  assertSame(module.weightPaths, ["0.linear.weight", "1.linear.weight", "2.linear.weight"]);
  assertSame(module.forward(draw(rng, [2, 3]), module.initialize(makeRng(1))).shape, [2, 3]);
});

test("what makes no sense is refused with the reason", ({ rng }) => {
  const refuses = (body: () => unknown, text: string) => assertThrows(body, "RangeError", text);
  refuses(() => scale(0, named("head", linear(2, 2))),
    "scale: the factor is zero or not finite: 0 for head.");
  refuses(() => scaleInput(relu(), Infinity), "Infinity for relu.");
  refuses(() => mul(NaN), "scale: the factor is zero or not finite: NaN.");
  refuses(() => compose(), "compose: no modules to compose.");
  refuses(() => tuple(), "tuple: no modules.");
  refuses(() => repeat(1.5, relu), "repeat: not a whole number of blocks: 1.5.");
  refuses(() => residual(relu(), 0), "residual: not a whole number of branches: 0.");
  refuses(() => tare(relu(), 1), "tare: the module has no mass to change: relu, to 1.");
  refuses(() => tare(linear(2, 2), -1), "tare: not a mass: absolute -1");
  refuses(() => tare(linear(2, 2), {}), "tare: not a mass: absolute undefined,");
  refuses(() => linear(2, 2, { mass: -1 }), "atom: not a mass: -1 for linear.weight.");
  refuses(() => linear(0, 2), "atom: sizes are not whole and positive: linear.weight [0, 2].");
  const module = linear(2, 2);
  const grads = drawTree(rng, module);
  refuses(() => module.dualize(grads, NaN), "dualize: the target is not a finite number: NaN.");
  const list = compose(addBond(), identity());
  assertThrows(() => list.forward(draw(rng, [2]), {}), "TypeError", "add: takes a list, is given");
});

test.run();
