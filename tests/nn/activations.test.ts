import { type Tensor, rng as makeRng, sum, tensor, valueAndGrad } from "../../autograd/index.ts";
import { type Module, adaptiveAvgPool, abs, avgPool1d, avgPool2d, compose, dropout, enumerate, gelu,
  geluErf, globalAvgPool, layerNorm, linear, maxPool1d, maxPool2d, meanSubtract, power, relu,
  reluSquared, rmsDivide, rmsNorm, scale, scaledGelu, scaledRelu, sigmoid, silu, softcap, softplus,
  tanh, unitSensitivity, withSensitivity } from "../../nn/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";
import { array64, erfScalar, geluTanhScalar, random64 } from "../reference.ts";
import { assertSame, assertThrows, device, draw, host } from "./helpers.ts";

const test = suite("activations");

const FLOAT32 = { rtol: 1e-5, atol: 1e-6 };

const erf = erfScalar;
const geluScalar = (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2));
const logistic = (x: number) => 1 / (1 + Math.exp(-x));

/** Module, its map in float64, the largest slope of that. */
const rows: readonly (readonly [Module, (x: number) => number, number])[] = [
  [tanh(), Math.tanh, 1],
  [sigmoid(), logistic, 0.25],
  [softplus(), (x) => Math.log1p(Math.exp(x)), 1],
  [silu(), (x) => x * logistic(x), silu().lipschitz],
  [gelu(), (x) => geluTanhScalar(x) / 1.1289, gelu().lipschitz],
  [geluErf(), geluScalar, geluErf().lipschitz],
  [scaledRelu(), (x) => Math.SQRT2 * Math.max(0, x), Math.SQRT2],
  [scaledGelu(), (x) => Math.SQRT2 * geluScalar(x), scaledGelu().lipschitz],
  [softcap(3), (x) => 3 * Math.tanh(x / 3), 1],
  [relu(), (x) => Math.max(0, x), 1],
  [abs(), Math.abs, 1],
];

for (const [module, f, slope] of rows) {
  test(`${module.name} is its formula`, async ({ rng }) => {
    const x = random64(rng, [3, 50]);
    const expected = array64(x.shape, x.data.map((v) => f(2 * v)));
    const doubled = array64(x.shape, x.data.map((v) => 2 * v));

    assertClose(await host(module.forward(device(doubled), {})), expected, FLOAT32);
  });

  test(`${module.name}: the largest slope is its Lipschitz constant`, () => {
    const h = 1e-5;
    let most = 0;
    for (let x = -20; x <= 20; x += 1e-3) {
      const [a, b] = [x - h, x + h];
      most = Math.max(most, Math.abs(f(b) - f(a)) / (2 * h)); // in float64: 1e-10 of rounding
    }

    assertClose(most, slope, { rtol: 1e-6, atol: 0 });
    assertSame(module.lipschitz, slope);
  });
}

test("constants are those of the closed forms", () => {
  const root = Math.SQRT2;
  const density = Math.exp(-1) / Math.sqrt(2 * Math.PI);
  assertClose(geluErf().sensitivity, (1 + erf(1)) / 2 + root * density, { rtol: 1e-9, atol: 0 });
  // At its largest slope silu has x with 2 + x = x exp(..), found by bisection of f''.
  const bent = (x: number) => 2 + x * (1 - 2 * logistic(x));
  let [low, high] = [2, 3];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (bent(middle) > 0) low = middle;
    else high = middle;
  }
  const s = logistic(low);
  assertClose(silu().sensitivity, s * (1 + low * (1 - s)), { rtol: 1e-12, atol: 0 });
});

test("squared ReLU has slope 2 on entries up to 1, and no bound beyond", async () => {
  const x = tensor([-1, 0.5, 1, 3]);
  const { value, grads } = valueAndGrad((t: Tensor) => sum(reluSquared().forward(t, {})))(x);

  assertClose(await grads.read(), [0, 1, 2, 6], FLOAT32);
  assertClose(await value.item(), 0.25 + 1 + 9, FLOAT32);
  const { sensitivity, lipschitz, certified, condition } = reluSquared();
  assertSame([sensitivity, lipschitz === Infinity, certified], [2, true, false]);
  assertSame(condition, "entries up to 1");
});

test("a sensitivity can be divided out or claimed", async ({ rng }) => {
  const unit = unitSensitivity(silu());
  const x = draw(rng, [2, 3]);
  const whole = await host(silu().forward(x, {}));
  const claimed = withSensitivity(relu(), Math.SQRT1_2);

  assertSame([unit.sensitivity, unit.certified], [1, true]);
  const expected = array64(whole.shape, whole.data.map((v) => v / silu().sensitivity));
  assertClose(await host(unit.forward(x, {})), expected, FLOAT32);
  assertSame([claimed.sensitivity, claimed.lipschitz, claimed.certified], [Math.SQRT1_2, 1, false]);
  assertSame(withSensitivity(relu(), 2).certified, true);
  assertSame(unitSensitivity(relu()).name, "relu");
});

test("whether a sensitivity is a bound follows from the parts", () => {
  const net = compose(linear(2, 2), relu(), linear(2, 2));
  const loose = compose(net, rmsNorm());

  assertSame([net.certified, net.lipschitz], [true, 1]);
  assertSame([loose.certified, loose.sensitivity], [false, 1]);
  assertClose(loose.lipschitz, 1000, { rtol: 1e-9, atol: 0 }); // 1 / sqrt(1e-6)
  assertSame(rmsNorm({ eps: 1 }).certified, true);
  assertSame([rmsDivide().lipschitz, layerNorm().lipschitz].map(String), ["Infinity", "Infinity"]);
  assertSame(scale(-2, power(scaledRelu(), 2)).lipschitz > 3.99, true);
  const { certified } = gelu();
  assertSame(certified, false); // by 8e-5: the reference's constant is rounded down
});

test("normalizations work along the axes they are given", async ({ rng }) => {
  const x = random64(rng, [2, 3, 2, 2]);
  const image = Array.from({ length: 2 }, (_, n) => [...x.data.slice(12 * n, 12 * n + 12)]);
  const whole = image.flatMap((v) => v.map((e) => e / (Math.hypot(...v) / Math.sqrt(12))));
  const channels = Array.from(x.data, (e, i) => {
    const first = Math.floor(i / 12) * 12 + (i % 4);
    const place = [0, 4, 8].map((k) => x.data[first + k] ?? NaN);
    return e / Math.sqrt(1e-6 + place.reduce((s, v) => s + v * v, 0) / 3);
  });
  const centred = image.flatMap((v) => v.map((e) => e - v.reduce((s, w) => s + w, 0) / 12));
  const run = async (m: Module) => await host(m.forward(device(x), {}));

  assertClose(await run(rmsDivide({ axis: [1, 2, 3] })), array64(x.shape, whole), FLOAT32);
  assertClose(await run(rmsNorm({ axis: 1 })), array64(x.shape, channels), FLOAT32);
  assertClose(await run(meanSubtract({ axis: [1, 2, 3] })), array64(x.shape, centred), FLOAT32);
});

/** Largest RMS over the channels of a place of [batch, channels, height, width]. */
async function imageNorm(x: Tensor): Promise<number> {
  const { shape: [batch = 1, channels = 1, ...sides], data } = await host(x);
  const places = sides.reduce((n, d) => n * d, 1);
  let most = 0;
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < places; p++) {
      const own = Array.from({ length: channels }, (_, c) => data[(n * channels + c) * places + p]);
      most = Math.max(most, Math.hypot(...own.map(Number)) / Math.sqrt(channels));
    }
  }
  return most;
}

test("pooling never gains more than its sensitivity; the maximum attains it", async ({ rng }) => {
  const pools = [maxPool2d({ kernel: 2 }), maxPool2d({ kernel: 3, stride: 1, padding: 1 }),
    avgPool2d({ kernel: 2 }), avgPool2d({ kernel: 3, stride: 2, padding: 1 }), adaptiveAvgPool(3),
    globalAvgPool()];
  for (const pool of pools) {
    for (let k = 0; k < 4; k++) {
      const [x, y] = [random64(rng, [1, 4, 6, 6]), random64(rng, [1, 4, 6, 6])];
      const run = async (a: typeof x) => await host(pool.forward(device(a), {}));
      const minus = (a: typeof x, b: typeof x) => {
        return device(array64(a.shape, a.data.map((v, i) => v - (b.data[i] ?? NaN))));
      };
      const change = await imageNorm(minus(await run(x), await run(y)));
      const gain = change / await imageNorm(minus(x, y));

      if (gain > pool.sensitivity * 1.0001) throw new Error(`${pool.name}: gain ${gain}`);
    }
  }
  // Every channel has its maximum at another place of the window: RMS 1/2 each, then 1.
  const spread = tensor([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], { shape: [1, 4, 2, 2] });
  const pooled = maxPool2d({ kernel: 2 }).forward(spread, {});
  assertSame([await imageNorm(spread), await imageNorm(pooled)], [0.5, 1]);
  assertSame(maxPool2d({ kernel: [2, 2] }).sensitivity, 2);
});

test("pools of sequences and shapes", ({ rng }) => {
  const x = draw(rng, [2, 3, 8]);

  assertSame(maxPool1d({ kernel: 2 }).forward(x, {}).shape, [2, 3, 4]);
  assertSame(avgPool1d({ kernel: 4 }).forward(x, {}).shape, [2, 3, 2]);
  assertSame(globalAvgPool().forward(x, {}).shape, [2, 3]);
  assertSame(adaptiveAvgPool([2, 1]).forward(draw(rng, [2, 3, 5, 5]), {}).shape, [2, 3, 2, 1]);
  assertSame([maxPool1d({ kernel: 4 }).sensitivity, avgPool1d({ kernel: 4 }).sensitivity], [2, 1]);
});

test("dropout acts where a generator is given, the same for the same one", async ({ rng }) => {
  const net = compose(linear(40, 40), dropout(0.25));
  const weights = net.initialize(makeRng(1));
  const x = draw(rng, [8, 40]);
  const run = async (seed?: number) => {
    const options = seed === undefined ? {} : { rng: makeRng(seed) };
    return await host(net.forward(x, weights, options));
  };
  const bare = dropout(0.25).forward(x, {}, { rng: makeRng(3) });
  const [kept, before] = [await host(bare), await host(x)];
  const gone = kept.data.filter((v) => v === 0).length;

  assertSame(dropout(0.25).forward(x, {}) === x, true);
  assertClose(await run(5), await run(5), { rtol: 0, atol: 0 });
  assertSame((await run(5)).data[0] === (await run(6)).data[0], false);
  assertSame(gone > 40 && gone < 120, true); // 80 of 320 expected, 5 standard deviations
  const scaled = kept.data.map((v, i) => (v === 0 ? 0 : (before.data[i] ?? NaN) / 0.75));
  assertClose(kept, array64(kept.shape, scaled), FLOAT32);
});

test("positions are counted", async () => {
  const places = enumerate().forward(tensor([5, 6, 7, 5, 6, 7], { shape: [2, 3] }), {});

  assertSame([places.dtype, [...await places.read()]], ["i32", [0, 1, 2]]);
});

test("bonds that make no sense are refused", () => {
  const refuses = (body: () => unknown, text: string) => assertThrows(body, "RangeError", text);
  refuses(() => softcap(0), "softcap(0): the sensitivity is not positive");
  refuses(() => dropout(1), "dropout: the rate is not in [0, 1): 1.");
  refuses(() => withSensitivity(relu(), 0), "relu: the sensitivity is not positive: 0.");
  assertThrows(() => compose(globalAvgPool(), linear(3, 3)), "ShapeError",
    "globalAvgPool takes channels, is given width 3.");
});

test.run();
