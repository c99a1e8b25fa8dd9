// Gradients that are zero, of rank one, or not numbers, at every atom.

import { type Tensor, scale as scaleTensor, zeros } from "../../autograd/index.ts";
import { type Module, bias, compose, conv1d, conv2d, convScion, embed, gain, groupedLinear,
  headLinear, linear, maxAbs, named, rmsToLinf, scale, signOverFanIn, tie } from
  "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, matmul64, random64, reshape64 } from "../reference.ts";
import type { Array64 } from "../reference.ts";
import { assertSame, device, drawTree, host } from "./helpers.ts";

const test = suite("degenerate gradients");

const atoms: readonly (readonly [string, Module])[] = [
  ["linear", linear(3, 4, { bias: true })],
  ["linear, sign", linear(3, 4, { norm: maxAbs, radius: 7 })],
  ["linear, rows", linear(3, 4, { norm: rmsToLinf })],
  ["embed", embed(4, 5)],
  ["conv2d", conv2d(4, 3, 2, { bias: true })],
  ["conv2d, groups", conv2d(4, 4, [1, 2], { groups: 2, radius: 0.1 })],
  ["conv2d, Scion", conv2d(4, 3, 2, { norm: convScion })],
  ["conv1d", conv1d(2, 3, 3)],
  ["gain", gain(4)],
  ["bias", bias(4)],
  ["headLinear", headLinear(2, 3, 4)],
  ["groupedLinear", groupedLinear(2, 3, 4)],
  ["tied", compose(linear(5, 4, { tie: tie(signOverFanIn) }), gain(4), embed(4, 5))],
];

for (const [name, module] of atoms) {
  test(`${name}: no gradient gives no update, tiny and huge ones the same`, async ({ rng }) => {
    const grads = drawTree(rng, module);
    const list = module.toList(grads);
    const none = module.dualize(module.toTree(list.map((g) => scaleTensor(g, 0))));
    const times = (c: number) => {
      return module.toList(module.dualize(module.toTree(list.map((g) => scaleTensor(g, c)))));
    };
    const [plain, tiny, huge] = [times(1), times(2 ** -80), times(2 ** 80)];

    for (const w of module.toList(none)) {
      assertClose(await w.read(), new Array(w.size).fill(0), { rtol: 0, atol: 0 });
    }
    for (const [i, w] of plain.entries()) {
      const expected = await host(w);
      for (const other of [tiny[i], huge[i]]) {
        // Powers of two change no digit; a prescale may round once.
        assertClose(await host(other as Tensor), expected, { rtol: 1e-4, atol: 1e-6 });
      }
    }
    const norm = await module.norm(module.toTree(list.map((g) => zeros(g.shape)))).item();
    assertSame(norm, 0);
  });

  test(`${name}: what is not a number stays visible`, async ({ rng }) => {
    const list = module.toList(drawTree(rng, module));
    const broken = list.map((g) => scaleTensor(g, NaN));
    const updates = module.toList(module.dualize(module.toTree(broken)));

    for (const w of updates) assertSame([...await w.read()].some(Number.isFinite), false);
    assertSame(Number.isNaN(await module.dualNorm(module.toTree(broken)).item()), true);
  });
}

/** Outer product of random vectors, and its direction of norm one. */
function rankOne(rng: Parameters<typeof random64>[0], m: number, n: number): [Array64, Array64] {
  const [u, v] = [random64(rng, [m, 1]), random64(rng, [1, n])];
  const x = matmul64(u, v);
  const size = Math.hypot(...u.data) * Math.hypot(...v.data);
  return [x, array64([m, n], x.data.map((e) => e / size))];
}

test("a gradient of rank one gives an update of rank one", async ({ rng }) => {
  const [g, direction] = rankOne(rng, 3, 6);
  const [update] = linear(3, 6).toList(linear(3, 6).dualize({ linear: { weight: device(g) } }));
  if (!update) throw new Error("no update");
  const expected = array64([3, 6], direction.data.map((e) => e * Math.sqrt(3 / 6)));

  // Six steps reach 0.9956 to 0.9993; what is null stays so up to 1e-7 of rounding times 1138.
  assertClose(await host(update), expected, { rtol: 5e-3, atol: 5e-4 });
});

test("the taps of a kernel and heads may differ in rank", async ({ rng }) => {
  const [g, direction] = rankOne(rng, 2, 4);
  const stacked = array64([2, 2, 4], [...g.data, ...new Array<number>(8).fill(0)]);
  const heads = headLinear(2, 2, 4);
  const [update] = heads.toList(heads.dualize(heads.toTree([device(stacked)])));
  const kernel = array64([2, 4, 1, 2], Array.from(g.data).flatMap((e) => [e, 0]));
  const conv = conv2d(2, 4, [1, 2]);
  const [taps] = conv.toList(conv.dualize(conv.toTree([device(kernel)])));
  if (!update || !taps) throw new Error("no update");
  const unit = direction.data.map((e) => e * Math.sqrt(2 / 4));
  const BAND = { rtol: 5e-3, atol: 5e-4 }; // as above

  const flat = reshape64(await host(update), [16]);
  assertClose(flat.data.slice(0, 8), unit, BAND);
  assertClose(flat.data.slice(8), new Array(8).fill(0), { rtol: 0, atol: 0 });
  const both = [...(await host(taps)).data];
  assertClose(both.filter((_, i) => i % 2 === 0), [...unit].map((e) => e / 2), BAND);
  assertClose(both.filter((_, i) => i % 2 === 1), new Array(8).fill(0), { rtol: 0, atol: 0 });
});

test("one by one: the update is the sign", async () => {
  const module = compose(scale(-3, named("last", linear(1, 1))), linear(1, 1));
  const grads = module.toTree([-0.2, 1e-30].map((v) => device(array64([1, 1], [v]))));
  const [first, last] = module.toList(module.dualize(grads)) as [Tensor, Tensor];

  assertClose(await first.item(), -1 / 2 / 3, { rtol: 5e-3, atol: 0 }); // six steps
  assertClose(await last.item(), 1 / 2 / 3, { rtol: 5e-3, atol: 0 });
});

test.run();
