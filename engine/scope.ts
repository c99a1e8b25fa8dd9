import { openSets } from "./ownership.ts";
import { Tensor } from "./tensor.ts";

/** Owns the tensors made while it is the innermost one and frees them when it closes. */
export interface Scope extends Disposable {
  /** Frees what the scope owns. Scopes close in the reverse order they were opened. */
  close(): void;
}

class OwningScope implements Scope {
  readonly tensors = new Set<Tensor>();

  constructor() {
    openSets.push(this.tensors);
  }

  close(): void {
    if (openSets.at(-1) !== this.tensors) {
      throw new Error(
        "scope: closed out of order: it is not the innermost open scope. "
          + "Close scopes in the reverse order they were opened, each once.",
      );
    }
    openSets.pop();
    for (const t of this.tensors) t.dispose();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Calls `visit` with every tensor in nested arrays and plain objects. */
export function eachTensor(tree: unknown, visit: (t: Tensor) => void): void {
  if (tree instanceof Tensor) visit(tree);
  else if (typeof tree === "object" && tree !== null && !ArrayBuffer.isView(tree)) {
    for (const child of Object.values(tree)) eachTensor(child, visit);
  }
}

/**
 * Runs a synchronous function and frees every tensor it made, except those it returns.
 *
 * @param body may return a tensor or nested arrays and objects of tensors; they pass to the
 *   enclosing scope, or live until `dispose()` if there is none
 * @returns what `body` returned
 * @throws Error if `body` returns a promise
 * @example
 * const y = scope(() => add(mul(a, b), c)); // the product is freed, the sum is kept
 */
export function scope<R>(body: () => R): R {
  const inner = new OwningScope();
  try {
    const result = body();
    checkSynchronous(result);
    const outer = openSets.at(-2);
    eachTensor(result, (t) => moveTensor(t, inner.tensors, outer));
    return result;
  } finally {
    inner.close();
  }
}

function checkSynchronous(result: unknown): void {
  const then = (result as { then?: unknown } | null | undefined)?.then;
  if (typeof then !== "function") return;
  throw new Error(
    "scope: the function returned a promise. "
      + "Keep the scope synchronous and await its result outside.",
  );
}

function moveTensor(t: Tensor, from: Set<Tensor>, to: Set<Tensor> | undefined): void {
  if (!from.delete(t)) return;
  t.owner = to;
  to?.add(t);
}

/**
 * Opens a scope for sequential asynchronous code: `using s = openScope()`.
 *
 * @returns the scope; tensors made until it closes belong to it, unless they are kept
 */
export function openScope(): Scope {
  return new OwningScope();
}

/**
 * Takes tensors out of the scopes that own them; they live until `dispose()`.
 *
 * @param tree a tensor, or nested arrays and objects of tensors
 * @returns the same tree
 */
export function keep<T>(tree: T): T {
  eachTensor(tree, (t) => {
    t.owner?.delete(t);
    t.owner = undefined;
  });
  return tree;
}

/** Frees every tensor of nested arrays and objects. */
export function dispose(tree: unknown): void {
  eachTensor(tree, (t) => t.dispose());
}
