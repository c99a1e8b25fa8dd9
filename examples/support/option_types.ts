// What a program says about its options. From this table come the parsed values and the help text.

/** The optimizers the example programs offer. */
export const OPTIMIZERS = ["modula", "muon", "adam", "sgd"] as const;

/** One of `OPTIMIZERS`. */
export type Optimizer = (typeof OPTIMIZERS)[number];

/** A value out of a list. */
export interface ChoiceOption {
  readonly type: "choice";
  readonly choices: readonly string[];
  readonly default: string;
  readonly help: string;
}

/** A number in a range, both ends included. */
export interface NumberOption {
  readonly type: "number" | "integer";
  readonly min: number;
  readonly max: number;
  /** For integers: the value must be divisible by it. */
  readonly multipleOf?: number;
  /** One default, or one for each value of the option `optimizer`. */
  readonly default: number | Readonly<Record<Optimizer, number>>;
  readonly help: string;
}

/** A path. An empty default means: not given. */
export interface PathOption {
  readonly type: "path";
  readonly value: "DIR" | "FILE";
  readonly default: string;
  readonly help: string;
}

/** A text in words of its own. An empty default means: not given. */
export interface TextOption {
  readonly type: "text";
  /** What stands for it in the help text, as `NAMES`. */
  readonly value: string;
  /** What to give, for errors. */
  readonly expects: string;
  readonly default: string;
  readonly help: string;
}

/** Present or not. */
export interface FlagOption {
  readonly type: "flag";
  readonly help: string;
}

/** Any option. */
export type OptionSpec = ChoiceOption | NumberOption | PathOption | TextOption | FlagOption;

/** Options by name, in the order in which the help text lists them. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** A program: how it is called, what it does, what it takes. */
export interface Program<Table extends OptionTable> {
  /** What a person types, for example `npm start --`. */
  readonly command: string;
  /** One sentence. */
  readonly summary: string;
  readonly options: Table;
}

type ValueOf<Spec extends OptionSpec> = Spec extends FlagOption ? boolean
  : Spec extends NumberOption ? number
  : Spec extends ChoiceOption ? Spec["choices"][number]
  : string;

/** The values that a table of options gives. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: ValueOf<Table[Name]>;
};

/** A mistake in how the program was called; the program ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What `trainingOptions` needs to know of a program. */
export interface TrainingDefaults {
  readonly lr: Readonly<Record<Optimizer, number>>;
  readonly steps: number;
  readonly width: Pick<NumberOption, "min" | "max" | "multipleOf"> & { readonly default: number };
  readonly out: string;
  readonly data: Pick<PathOption, "value" | "help">;
}

/**
 * The options that every training program has.
 *
 * @param defaults of this program
 * @returns a table for `Program.options`; spread it to add more
 */
export function trainingOptions({ lr, steps, width, out, data }: TrainingDefaults) {
  return {
    optimizer: {
      type: "choice",
      choices: OPTIMIZERS,
      default: "modula",
      help: "how gradients become updates",
    },
    lr: { type: "number", min: 1e-8, max: 1000, default: lr, help: "learning rate" },
    steps: { type: "integer", min: 1, max: 1e9, default: steps, help: "training steps" },
    seed: {
      type: "integer",
      min: 0,
      max: 2 ** 32 - 1,
      default: 1,
      help: "same seed, same adapter: same numbers",
    },
    width: { type: "integer", ...width, help: "size of the hidden layers" },
    data: { type: "path", default: "", ...data },
    out: { type: "path", value: "DIR", default: out, help: "folder for what the run writes" },
    json: { type: "flag", help: "print one JSON object per line and nothing else" },
    help: { type: "flag", help: "print this text" },
  } as const satisfies OptionTable;
}
