// What the package does not have yet.

/** Thrown by a runner to report a case as skipped. */
export class Missing extends Error {
  override readonly name = "Missing";
  /** The name to report: of an op, a norm, an algorithm or an option. */
  readonly what: string;

  constructor(what: string) {
    super(`not there yet: ${what}`);
    this.what = what;
  }
}
