// Errors by type and message.

type ErrorType = abstract new (...args: never[]) => Error;

function check(thrown: unknown, type: ErrorType, message: string | RegExp): void {
  if (!(thrown instanceof type)) {
    throw new Error(`expected a ${type.name}, and there was ${String(thrown)}`, { cause: thrown });
  }
  const text = thrown.message;
  if (typeof message === "string" ? text === message : message.test(text)) return;
  throw new Error(`the message is not the expected one:\n  ${text}\n  ${String(message)}`);
}

/**
 * Fails unless a function throws an error of a type with a message.
 *
 * @param message the whole of it, or a pattern
 */
export function assertThrows(
  body: () => unknown, type: ErrorType, message: string | RegExp,
): void {
  try {
    body();
  } catch (error) {
    return check(error, type, message);
  }
  throw new Error(`expected a ${type.name}, and there was none: ${String(message)}`);
}

/** As `assertThrows`, of a promise. */
export async function assertRejects(
  promise: Promise<unknown>, type: ErrorType, message: string | RegExp,
): Promise<void> {
  const outcome = await promise.then(() => undefined, (error: unknown) => ({ error }));
  if (outcome) return check(outcome.error, type, message);
  throw new Error(`expected a ${type.name}, and there was none: ${String(message)}`);
}
