/**
 * The errors of this library: one small tree. Each message says what was wrong, with the value, and
 * what to do. A miss is `undefined`, never an error.
 *
 * @module
 */

/** The root of every error that this library throws on purpose. */
export class LabtechError extends Error {
  /** The class, as text. */
  override readonly name: string = "LabtechError";
}

/** A task or task type was defined or used wrongly, e.g. with a param of an unsupported type. */
export class TaskError extends LabtechError {
  /** The class, as text. */
  override readonly name = "TaskError";
}

/** A runner could not run a task, e.g. because its worker died. */
export class RunnerError extends LabtechError {
  /** The class, as text. */
  override readonly name = "RunnerError";
}

/** A cache could not save a result. What cannot be *loaded* is a miss, not an error. */
export class CacheError extends LabtechError {
  /** The class, as text. */
  override readonly name = "CacheError";
}

/** A storage refused a name, lacked a permission or failed at its medium. */
export class StorageError extends LabtechError {
  /** The class, as text. */
  override readonly name = "StorageError";
}

/** A value cannot be written in, or bytes cannot be read from, a format of this library. */
export class SerializationError extends LabtechError {
  /** The class, as text. */
  override readonly name = "SerializationError";
}

/** One mistake in a configuration. */
export interface ConfigMistake {
  /** Where it is, e.g. `labtech.storage.dirr`. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** A configuration has mistakes; all of them are listed at once. */
export class ConfigError extends LabtechError {
  /** The class, as text. */
  override readonly name = "ConfigError";
  /** Every mistake found, in the order of the configuration. */
  readonly mistakes: readonly ConfigMistake[];

  /** Makes the error from its mistakes; `source` names the file or object that holds them. */
  constructor(mistakes: readonly ConfigMistake[], source?: string, options?: ErrorOptions) {
    const lines = mistakes.map(({ path, message }) => path ? `${path}: ${message}` : message);
    const where = source ? ` in ${source}` : "";
    const text = lines.length === 1
      ? `${lines[0]}${where && ` (${source})`}`
      : `${lines.length} mistakes${where}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
    super(text, options);
    this.mistakes = mistakes;
  }
}
