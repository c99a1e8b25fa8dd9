import { tensor } from "../../autograd/index.ts";
import { lineNorms, spectralBounds, unitLines } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { random64, singularValues64 } from "../reference.ts";
import { assertThrows, device, withSpectrum } from "./helpers.ts";

const test = suite("spectral bounds and lines");

test("spectral bounds meet and enclose the truth for easy and hard spectra", async ({ rng }) => {
  const spectra = [
    [5, 4, 3, 2, 1, 0.5], [1, 1, 1, 1, 1, 1], [1, 0.999, 0.998, 0.9, 1e-3, 1e-6],
    [1, 1 - 2 ** -18, 1 - 2 ** -18, 1 - 2 ** -18, 0, 0], [7, 0, 0, 0, 0, 0],
  ];
  const list = spectra.map((s, i) => device(withSpectrum(rng, i % 2 ? 6 : 11, i % 2 ? 11 : 6, s)));
  for (const [i, x] of list.entries()) {
    const { lower, upper } = spectralBounds(x);
    const truth = Math.max(...spectra[i] ?? []);

    assertClose(await lower.item(), truth, { rtol: 3e-6, atol: 0 });
    assertClose(await upper.item(), truth, { rtol: 3e-6, atol: 0 });
  }
});

test("few squarings still enclose the spectral norm", async ({ rng }) => {
  const a = random64(rng, [9, 14]);
  const truth = singularValues64(a)[0] ?? NaN;
  for (const squarings of [1, 2, 4, 8]) {
    const { lower, upper } = spectralBounds(device(a), { squarings });
    const [low, high] = [await lower.item(), await upper.item()];

    if (!(low <= truth * 1.00001 && truth <= high * 1.00001)) throw new Error(`${low} ${high}`);
  }
  const none = { squarings: 0 };
  assertThrows(() => spectralBounds(device(a), none), "RangeError", "squarings out of range: 0.");
});

test("every line has a scale of its own", async () => {
  const x = tensor([[3e-30, 4e-30], [3e30, -4e30], [0, 0], [1, Infinity]]);

  const expected = [0.6, 0.8, 0.6, -0.8, 0, 0, NaN, NaN];
  assertClose(await unitLines(x, [-1]).read(), expected, { rtol: 1e-6, atol: 0 });
  assertClose(await lineNorms(x, [-1]).read(), [5e-30, 5e30, 0, NaN], { rtol: 1e-6, atol: 0 });
});

test.run();
