/** What every assertion throws when it does not hold. */
export class AssertionError extends Error {
  /** Makes the error from the text of the failure. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
