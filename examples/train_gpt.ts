// Trains a small GPT on a novel, character by character, by dualized descent:
//
//   npm start -- [--optimizer modula|muon|adam|sgd] [--steps N] [--help]

import { type Device, type Rng, type Tensor, crossEntropy, keep, openDevice, rng, scope, tensor,
  valueAndGrad } from "../autograd/index.ts";
import { type LayerSpectrum, type Module, type Weights, gpt, lossCurve, spectra, spectraLines }
  from "../nn/index.ts";
import { type Corpus, type TextBatch, fixedWindows, makeCorpus, sampleWindows } from
  "./support/corpus.ts";
import { INTERRUPTED, type Interrupt, watchInterrupt } from "./support/interrupt.ts";
import { layerNorms } from "./support/layers.ts";
import { makeOptimizer } from "./support/make_optimizer.ts";
import { loadNovel, readText } from "./support/novel.ts";
import { type OptionValues, trainingOptions } from "./support/option_types.ts";
import { type Output, openOutput } from "./support/output.ts";
import { runProgram } from "./support/program.ts";
import { type Report, openReport } from "./support/report.ts";
import { layerTable, sampleBlock } from "./support/text.ts";
import { type Training, readNumber, runTraining } from "./support/training_loop.ts";
import { writeText } from "./support/write_text.ts";

const SEQ = 64; // characters the model sees
const BATCH = 8; // windows a step
const HEADS = 4;
const BLOCKS = 2;
const VAL_WINDOWS = 64; // of the held-out part, always the same
const VALIDATIONS = 6; // in a run

const OPTIONS = trainingOptions({
  lr: { modula: 0.2, muon: 0.1, adam: 0.01, sgd: 1 },
  steps: 220,
  width: { min: 8, max: 1024, multipleOf: 2 * HEADS, default: 64 },
  out: "out/gpt",
  data: { value: "FILE", help: "a text to train on (default: the novel Moby Dick)" },
});
type Options = OptionValues<typeof OPTIONS>;

/** The model and all that it is trained and judged by. */
interface Setting {
  readonly options: Options;
  readonly device: Device;
  readonly corpus: Corpus;
  readonly model: Module;
  readonly weights: Weights;
  readonly random: Rng;
  readonly report: Report;
  readonly output: Output;
}

/** Mean negative log-likelihood of the next character, nats. */
function lossOf(weights: Weights, model: Module, { inputs, targets, shape }: TextBatch): Tensor {
  const logits = model.forward(tensor(inputs, { shape }), weights);
  return crossEntropy(logits, tensor(targets, { shape }));
}

async function main(options: Options): Promise<number> {
  const output = await openOutput(options.out); // found out now, not after the training
  const corpus = makeCorpus(options.data === "" ? loadNovel() : readText(options.data));
  using device = await openDevice();
  const { steps, seed, json, optimizer, lr, width } = options;
  const vocab = corpus.vocabulary.length;
  const model = gpt({ vocab, heads: HEADS, embed: width, blocks: BLOCKS, rope: "standard" });
  const random = rng(seed);
  const weights = keep(model.initialize(random.split("weights")));
  const report = openReport({ steps, unit: "tokens", perStep: BATCH * SEQ, json });
  report.start({ adapter: device.name, optimizer, lr, seed, width, vocabulary: vocab });
  const setting = { options, device, corpus, model, weights, random, report, output };
  const initial = await spectra(model, weights);
  using interrupt = watchInterrupt({ notify: () => report.note("Stopping after this step.") });
  const training = await train(setting, interrupt);
  await finish(setting, training, initial);
  report.done({ valLoss: training.valLoss, steps: training.steps, adapter: device.name });
  return interrupt.requested ? INTERRUPTED : 0;
}

function train(setting: Setting, interrupt: Interrupt): Promise<Training> {
  const { options: { optimizer: name, lr, steps }, corpus, model, weights, report } = setting;
  const windows = setting.random.split("windows");
  const validation = fixedWindows(corpus.heldOut, { batch: VAL_WINDOWS, seq: SEQ });
  const optimizer = makeOptimizer(name, model, lr, steps);
  const lossAndGrads = valueAndGrad(lossOf);
  return runTraining({
    steps, report, interrupt, validations: VALIDATIONS,
    trainStep: () => {
      const batch = sampleWindows(corpus.train, windows, { batch: BATCH, seq: SEQ });
      const { value, grads } = lossAndGrads(weights, model, batch);
      optimizer.step(weights, grads);
      return value;
    },
    validate: () => readNumber(scope(() => lossOf(weights, model, validation))),
  });
}

/** Shows what the model has become: a text of its own, its layers' norms, and two pictures. */
async function finish(
  { options, device, corpus, model, weights, random, report, output }: Setting,
  { train: points, validation }: Training, initial: readonly LayerSpectrum[],
): Promise<void> {
  const prompt = [..."The whale "].filter((c) => corpus.vocabulary.includes(c)).join("")
    || corpus.vocabulary[0] as string; // a text has at least one character
  if (!options.json) {
    const request = { prompt, length: 240, seq: SEQ, temperature: 0.8 };
    const logitsOf = (tokens: Tensor) => model.forward(tokens, weights);
    const text = await writeText(logitsOf, corpus, random.split("sample"), request);
    report.say(`\nA sample:\n${sampleBlock(prompt, text)}`);
  }
  report.say(`\nNorms of the layers:\n${layerTable(await layerNorms(model, weights))}`);
  const subtitle = `${options.optimizer}, learning rate ${options.lr}, width ${options.width}, `
    + `seed ${options.seed}, on ${device.name}`;
  const layers = (await spectra(model, weights)).map((layer, i) => ({
    ...layer, initial: initial[i]?.values ?? [],
  }));
  const curve = { title: "Loss", subtitle, unit: "nats per character", train: points, validation };
  const files = [
    await output.write("loss.svg", lossCurve(curve)),
    await output.write("spectra.svg", spectraLines({ title: "Singular values", subtitle, layers })),
  ];
  report.say(`\nPictures: ${files.join(", ")}`);
}

await runProgram({
  command: "npm start --", summary: "Trains a small GPT on a novel, character by character.",
  options: OPTIONS,
}, main);
