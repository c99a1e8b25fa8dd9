// What people get wrong first: it is refused with the place and the remedy, and leaves nothing.

import * as assert from "uvu/assert";
import { dispose, mseLoss, rng as makeRng, tensor, zeros } from "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { bias, certifiedRadius, certify, compose, conv2d, convNet, exact, gain, identity, l2,
  linear, linear2024, margins, maxPool1d, maxPool2d, mlp, modernGpt, named, normalize, outputWidth,
  relu, residual, rms, scale, scaleInput, sharpnessEstimate, spectra, spectral, splitHeads, summary,
  tare, tie, tuple, unitSensitivity, withMass, withSensitivity } from "../../nn/index.ts";
import type { CertifyOptions, Module, Norm, Weights } from "../../nn/index.ts";
import { suite } from "../harness.ts";
import type { Device } from "../../engine/index.ts";
import { assertThrows, draw, errorOf } from "./helpers.ts";

const test = suite("misuse of nn");

/** A value of another type than is asked for. */
function wrong<T>(value: unknown): T {
  return value as T;
}

const classifier = () => mlp({ input: 4, width: 5, output: 3, depth: 2, bias: true });
const images = () => convNet({ output: 3, stem: 4, widths: [4, 5] });

async function rejects(work: Promise<unknown>, name: string, text: string): Promise<void> {
  const error = await work.then(() => new Error("none"), (e: unknown) => e as Error);
  assertThrows(() => { throw error; }, name, text);
}

/** How many tensors are left of some work beside its result. */
async function left(device: Device, work: () => unknown): Promise<number> {
  const before = device.memory().tensors;
  await Promise.resolve().then(work).then(dispose, () => undefined);
  return device.memory().tensors - before;
}

test("an operation's error names the module that called it", ({ rng }) => {
  const model = images();
  const weights = model.initialize(makeRng(1));
  const run = () => model.forward(draw(rng, [1, 3, 2, 2]), weights);
  const heads = named("net", compose(splitHeads(2), named("up", linear(4, 3))));
  const bools = zeros([2, 3], { dtype: "bool" });
  const own = heads.initialize(makeRng(1));

  assertThrows(run, "ShapeError", "groups.0.maxPool2d: a window spans more than");
  assert.match((errorOf(run).cause as Error).message, /^maxPool2d: a window spans more than/);
  assertThrows(() => heads.forward(draw(rng, [3]), own), "ShapeError", "net.splitHeads: the input");
  assertThrows(() => heads.forward(bools, own), "DtypeError", "net.up: ");
});

test("an input that is no tensor is refused where it arrives", ({ rng }) => {
  const model = classifier();
  const weights = model.initialize(makeRng(1));
  const refuses = (x: unknown, text: string) => {
    assertThrows(() => model.forward(wrong(x), weights), "TypeError", text);
  };

  refuses(1, "layers.0: takes one tensor, is given a number. Make one with tensor().");
  refuses(undefined, "layers.0: takes one tensor, is given undefined. Make one with tensor().");
  refuses([[1, 2]], "layers.0: takes one tensor, is given a list of 1. Make one with tensor().");
  const x = draw(rng, [2]);
  refuses([x, x], "takes one tensor, is given a list of 2. Check what comes before it.");
  const inner = named("net", compose(relu(), tuple(identity(), identity())));
  assertThrows(() => inner.forward(x, {}), "TypeError", "net.relu: takes one tensor, is given a");
});

test("what is no module is refused", () => {
  const [made, maker] = [linear(2, 3), wrong<Module>(relu)];
  const makers: readonly (readonly [name: string, make: () => unknown])[] = [
    ["compose", () => compose(made, maker)], ["tuple", () => tuple(maker)],
    ["named a", () => named("a", maker)], ["scale", () => scale(2, maker)],
    ["scaleInput", () => scaleInput(maker, 2)], ["tare", () => tare(maker, 1)],
    ["withMass", () => withMass(maker, 1)], ["withSensitivity", () => withSensitivity(maker, 1)],
    ["unitSensitivity", () => unitSensitivity(maker)], ["summary", () => summary(maker)],
    ["scale", () => residual(maker, 2)],
  ];

  for (const [name, make] of makers) {
    assertThrows(make, "TypeError", `${name}: not a module: a function. Call what makes it: relu`);
  }
  assertThrows(() => compose(wrong(null)), "TypeError", "compose: not a module: null. Make one");
  assertThrows(() => mlp({ ...SIZES, activation: wrong(relu()) }), "TypeError",
    "mlp: the activation is not a function: an object. Give relu instead of relu().");
  assertThrows(() => convNet({ output: 2, activation: wrong("relu") }), "TypeError",
    "convNet: the activation is not a function: a string.");
});

const SIZES = { input: 2, width: 3, output: 2, depth: 2 };

test("what is no norm, size, start, generator or kernel is refused", () => {
  const norm = wrong<Norm>("spectral");
  assertThrows(() => linear(4, 3, { norm }), "TypeError", "a norm: a string for linear.weight.");
  assertThrows(() => linear(4, wrong(undefined)), "RangeError", "linear.weight [4, undefined].");
  assertThrows(() => gain(3, { norm: l2, tie: tie(rms) }), "RangeError", "two norms for one");
  const odd = linear(4, 3, { start: wrong("one") });
  assertThrows(() => odd.initialize(makeRng(1)), "RangeError", "start: one for linear.weight.");
  assertThrows(() => odd.initialize(wrong(1)), "TypeError", "initialize: not a random generator");
  assertThrows(() => maxPool2d(wrong({})), "TypeError", "maxPool2d: no kernel given");
  assertThrows(() => maxPool1d(wrong(2)), "TypeError", "maxPool1d: no kernel given");
  assertThrows(() => spectral.norm(wrong([1])), "TypeError", "spectral: not a tensor: a list of");
  assertThrows(() => modernGpt({ vocab: 3, heads: 2, embed: 4, blocks: 1, softcap: 0 }),
    "RangeError", "softcap(0): the sensitivity is not positive");
});

test("an option that is left undefined is left out", () => {
  const none = { norm: undefined, start: undefined };
  const [entry] = gain(3, none).entries;
  assert.equal([entry?.norm.name, entry?.start], ["linf", "ones"]);
  assert.is(bias(3, none).entries[0]?.start, "zeros");
});

test("labels that are no classes are refused", async ({ rng }) => {
  const logits = draw(rng, [2, 3]);
  const [floats, list] = [draw(rng, [2]), wrong<Tensor>([0, 1])];

  assertThrows(() => margins(logits, floats), "DtypeError", "margins: dtype not supported: f32.");
  assertThrows(() => margins(logits, list), "TypeError", "margins: not a tensor: a list of 2.");
  assertThrows(() => margins(wrong(1), floats), "TypeError", "margins: not a tensor: a number.");
  const model = classifier();
  const weights = model.initialize(makeRng(1));
  const [x, far] = [draw(rng, [2, 4]), tensor(new Int32Array([0, 3]))];
  await rejects(certifiedRadius(model, weights, x, far), "IndexError", "3 for an axis of 3.");
});

test("what cannot be certified or looked at is refused", async () => {
  const model = classifier();
  const weights = model.initialize(makeRng(1));
  const refuses = (options: unknown, text: string) => {
    return rejects(certify(model, weights, wrong<CertifyOptions>(options)), "RangeError", text);
  };

  await refuses({ inputNorm: "max" }, 'certify: no such inputNorm: max. Use "rms", "l1", "l2"');
  await refuses({ conditions: "none" }, "certify: no such conditions: none.");
  await refuses({ method: "exact" }, "certify: no such method: exact. Use the value exact");
  await rejects(certify(wrong(weights), weights), "TypeError", "certify: not a module: an object");
  await rejects(certify(model, {}), "TypeError", "certify: weight missing: layers.");
  await rejects(spectra(model, {}), "TypeError", "spectra: weight missing: layers.");
});

test("a vector of another shape is refused by the power iteration", ({ rng }) => {
  const module = linear2024(3, 4);
  const grads = module.initialize(makeRng(1));
  const run = (vector: unknown) => () => {
    normalize(module, grads, 1, { vectors: { "linear.weight": wrong(vector) } });
  };

  assertThrows(run(draw(rng, [3])), "ShapeError", "that of linear.weight is [3], should be [4].");
  assertThrows(run(3), "TypeError", "normalize: the vector of linear.weight: not a tensor");
});

test("widths are followed without weights", () => {
  assert.is(outputWidth(compose(linear(3, 4), relu(), linear(4, 2)), 2), 3);
  assert.equal(outputWidth(tuple(linear(3, 4), relu()), 4), [3, 4]);
  assert.equal(outputWidth(conv2d(4, 3, 3)), { channels: 4 });
  assertThrows(() => outputWidth(conv2d(4, 3, 3), { channels: 2 }), "ShapeError",
    "conv2d takes 3 channels, is given 2 channels.");
});

test("nothing is left of the work, and nothing of what failed", async ({ rng, device }) => {
  const [model, net] = [classifier(), images()];
  const [w, v] = [model.initialize(makeRng(1)), net.initialize(makeRng(2))] as [Weights, Weights];
  const [x, pixels] = [draw(rng, [2, 4]), draw(rng, [2, 3, 9, 9])];
  const [tiny, labels] = [draw(rng, [2, 3, 2, 2]), tensor(new Int32Array([0, 2]))];
  const first = linear2024(3, 4);
  const single = first.initialize(makeRng(3));
  const loss = (all: Weights) => mseLoss(model.forward(x, all), zeros([2, 3]));
  const { updates } = normalize(first, single);
  dispose(updates);
  const works: Readonly<Record<string, () => unknown>> = {
    forward: () => (net.forward(pixels, v).dispose()),
    "forward that fails": () => net.forward(tiny, v),
    normalize: () => normalize(first, single).updates,
    margins: () => margins(x, labels),
    certify: () => certify(net, v),
    "certify exactly": () => certify(net, v, { method: exact, inputNorm: "l2" }).then(() => 0),
    certifiedRadius: () => certifiedRadius(model, w, x, labels).then(() => 0),
    spectra: () => spectra(net, v).then(() => 0),
    sharpness: () => sharpnessEstimate(loss, w, { module: model, iterations: 2 }).then(() => 0),
    "sharpness that fails": () => sharpnessEstimate((all) => model.forward(x, all), w),
  };

  for (const [name, work] of Object.entries(works)) {
    assert.equal([name, await left(device, work)], [name, 0]);
  }
});

test.run();
