// What a training program tells: a progress line for people, or JSON lines for programs.

import process from "node:process";
import { formatDuration } from "./format.ts";
import { progressLine } from "./progress_line.ts";
import { makeSpeedometer } from "./speed.ts";

/** Where text goes; `process.stdout` is one. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a report is about. */
export interface ReportOptions {
  /** All steps, >= 1. */
  readonly steps: number;
  readonly unit: "tokens" | "images";
  /** Units in one step, for the rate. */
  readonly perStep: number;
  readonly json: boolean;
  readonly stdout?: Stream;
  readonly stderr?: Stream;
  /** Seconds on a clock of one's own. */
  readonly now?: () => number;
}

/** Facts of a run, told before it. */
export interface StartFacts {
  readonly adapter: string;
  readonly [name: string]: string | number;
}

/** One step that is done. */
export interface StepFacts {
  /** Counts from 1. */
  readonly step: number;
  readonly loss: number;
  readonly valLoss?: number;
}

/** Results of a run. */
export interface DoneFacts {
  readonly valLoss?: number;
  /** In [0, 1]. */
  readonly accuracy?: number;
  readonly steps: number;
  readonly adapter: string;
}

/** Tells people or programs how a training goes. */
export interface Report {
  start(facts: StartFacts): void;
  /** @throws Error if a loss is not finite: the training cannot go on */
  step(facts: StepFacts): void;
  /** A text for people on standard output; nothing with `json`. */
  say(text: string): void;
  /** A remark on standard error, in a line of its own. */
  note(text: string): void;
  done(facts: DoneFacts): void;
}

const REDRAW = 0.1; // seconds; faster only flickers
const LOG_EVERY = 10; // seconds between lines in a log file

/**
 * Opens a report. Results go to standard output; the progress line goes to standard error, redrawn
 * in place in a terminal and otherwise a plain line at every validation and every ten seconds.
 * With `json` there is no progress line: events go to standard output, one JSON object a line.
 */
export function openReport(options: ReportOptions): Report {
  return options.json ? jsonReport(options) : textReport(options);
}

function defaults(options: ReportOptions) {
  const { stdout = process.stdout, stderr = process.stderr } = options;
  const { now = () => performance.now() / 1000 } = options;
  return { stdout, stderr, now, speed: makeSpeedometer(now) };
}

function assertFinite({ step, loss, valLoss = 0 }: StepFacts): void {
  const [name, value] = Number.isFinite(loss) ? ["validation loss", valLoss] : ["loss", loss];
  if (Number.isFinite(value)) return;
  throw new Error(
    `train: the ${name} is not finite: ${value} at step ${step}. Lower --lr or change --seed.`,
  );
}

function jsonReport(options: ReportOptions): Report {
  const { stdout, stderr, now, speed } = defaults(options);
  const begin = now();
  const print = (event: string, facts: object): void => {
    stdout.write(`${JSON.stringify({ event, ...facts })}\n`);
  };
  return {
    start: (facts) => print("start", facts),
    step: (facts) => {
      assertFinite(facts);
      const rate = Math.round(speed(facts.step) * options.perStep * 10) / 10;
      print("step", { ...facts, rate });
    },
    say: () => {},
    note: (text) => stderr.write(`${text}\n`),
    done: ({ adapter, ...facts }) => {
      print("done", { ...facts, seconds: Math.round((now() - begin) * 1000) / 1000, adapter });
    },
  };
}

function textReport(options: ReportOptions): Report {
  const { stdout, stderr, now, speed } = defaults(options);
  const begin = now();
  const line = openLine(stderr);
  let drawn = -Infinity;
  let valLoss: number | undefined;
  return {
    start: (facts) => stdout.write(factLines(facts)),
    step: (facts) => {
      assertFinite(facts);
      valLoss = facts.valLoss ?? valLoss;
      const stepsPerSecond = speed(facts.step);
      const isLast = facts.step >= options.steps;
      const isNews = isLast || (!line.inPlace && facts.valLoss !== undefined);
      if (!isNews && now() - drawn < (line.inPlace ? REDRAW : LOG_EVERY)) return;
      drawn = now();
      line.draw(progressLine({ ...options, ...facts, valLoss, stepsPerSecond }));
    },
    say: (text) => {
      line.end();
      stdout.write(`${text}\n`);
    },
    note: (text) => {
      line.end();
      stderr.write(`${text}\n`);
    },
    done: (facts) => {
      line.end();
      stdout.write(factLines(readable(facts, now() - begin)));
    },
  };
}

function factLines(facts: Readonly<Record<string, string | number>>): string {
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(width)}   ${value}\n`);
  return lines.join("");
}

function readable(facts: DoneFacts, seconds: number): Record<string, string | number> {
  const { valLoss, accuracy, steps, adapter } = facts;
  return {
    ...(valLoss === undefined ? {} : { "validation loss": valLoss.toFixed(4) }),
    ...(accuracy === undefined ? {} : { accuracy: `${(accuracy * 100).toFixed(2)} %` }),
    steps,
    time: formatDuration(seconds),
    adapter,
  };
}

// A line that replaces itself in a terminal, and is one of many elsewhere.
function openLine(stream: Stream) {
  const inPlace = stream.isTTY === true;
  let isOpen = false;
  return {
    inPlace,
    draw: (text: string): void => {
      if (!inPlace) return void stream.write(`${text}\n`);
      isOpen = true;
      // A full line would wrap and could not be redrawn. Some terminals say they have 0 columns.
      const room = (stream.columns || 80) - 1;
      stream.write(`\r\x1b[2K${text.slice(0, room)}`);
    },
    end: (): void => {
      if (isOpen) stream.write("\n");
      isOpen = false;
    },
  };
}
