import { type Device, type Storage, Tensor, show } from "../engine/index.ts";
import { isPlain } from "./leaves.ts";

/** What a step is called with, and what of it a record depends on. */
export interface CallKey {
  /** A line for each argument or part of one: where it is, and what. */
  readonly lines: readonly string[];
  readonly tensors: readonly Tensor[];
  /** Their memory, each once. */
  readonly storages: readonly Storage[];
  /** Theirs; undefined without tensors. */
  readonly device: Device | undefined;
}

/**
 * Lists what a step is called with.
 *
 * @throws DisposedError; TypeError for what is neither a tensor nor a plain value; Error for
 *   tensors on different devices
 */
export function keyOf(args: readonly unknown[]): CallKey {
  const lines: string[] = [];
  const tensors: Tensor[] = [];
  const storages: Storage[] = [];
  const visit = (value: unknown, path: string): void => {
    if (value instanceof Tensor) {
      const storage = value.storage("compile");
      const found = storages.indexOf(storage);
      const memory = found < 0 ? storages.push(storage) - 1 : found;
      tensors.push(value);
      lines.push(`${path}: ${describe(value)} in ${memory}`);
    } else if (Array.isArray(value)) {
      lines.push(`${path}: ${value.length} elements`);
      value.forEach((child, i) => visit(child, `${path}.${i}`));
    } else if (isPlain(value)) {
      const names = Object.keys(value);
      lines.push(`${path}: ${names}`);
      for (const name of names) visit((value as Record<string, unknown>)[name], `${path}.${name}`);
    } else lines.push(`${path}: ${constant(value, path)}`);
  };
  args.forEach((value, i) => visit(value, `${i}`));
  const [first] = tensors;
  if (tensors.some(({ device }) => device !== first?.device)) {
    throw new Error(
      "compile: the arguments are on different devices. Make all of them on one.",
    );
  }
  return { lines, tensors, storages, device: first?.device };
}

function describe({ dtype, layout: { shape, strides, offset }, contiguous }: Tensor): string {
  const whole = contiguous && offset === 0;
  return `${show(shape)} ${dtype}${whole ? "" : ` at ${offset} by ${show(strides)}`}`;
}

/** A value that the record holds for. */
function constant(value: unknown, path: string): string {
  switch (typeof value) {
    case "string": return JSON.stringify(value);
    case "number": return Object.is(value, -0) ? "-0" : `${value}`;
    case "boolean": case "undefined": return `${value}`;
    default:
      if (value === null) return "null";
  }
  const what = typeof value === "object" ? value?.constructor?.name ?? "object" : typeof value;
  throw new TypeError(
    `compile: argument ${path} is neither a tensor nor a number, string, boolean, list or plain `
      + `object: ${what}. Pass tensors, or let the step close over it.`,
  );
}
