/**
 * What a document of the structured format may hold at most. The writer keeps to them as well as
 * the reader, so that nothing is written that could not be read.
 */
export interface Limits {
  /**
   * Length of the document in bytes.
   *
   * @default 2 ** 30
   */
  readonly maxBytes: number;
  /**
   * How deep arrays, objects, maps, sets, errors and class instances may be nested.
   *
   * @default 256
   */
  readonly maxDepth: number;
  /**
   * How many items all arrays, objects (a key and a value are two), maps and sets hold together.
   *
   * @default 10_000_000
   */
  readonly maxItems: number;
  /**
   * Size of one `bigint` in bytes.
   *
   * @default 8192
   */
  readonly maxBigintBytes: number;
  /**
   * How many holes all sparse arrays have together.
   *
   * @default 2 ** 20
   */
  readonly maxHoles: number;
  /**
   * How many marks and references to marked values there may be together.
   *
   * @default 1_000_000
   */
  readonly maxReferences: number;
  /**
   * Length of the source of one `RegExp` in UTF-16 units.
   *
   * @default 4096
   */
  readonly maxRegExpLength: number;
}

/** The limits that hold where an option does not say otherwise. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxBytes: 2 ** 30,
  maxDepth: 256,
  maxItems: 10_000_000,
  maxBigintBytes: 8192,
  maxHoles: 2 ** 20,
  maxReferences: 1_000_000,
  maxRegExpLength: 4096,
});

/**
 * Fills in the default limits.
 *
 * @throws {RangeError} If one is not a whole number of zero or more.
 */
export function withDefaults(limits: Partial<Limits> | undefined): Limits {
  if (limits === undefined) return DEFAULT_LIMITS;
  const filled: Record<keyof Limits, number> = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]) {
    const limit = limits[name];
    if (limit === undefined) continue;
    if (!Number.isSafeInteger(limit) || limit < 0) {
      throw new RangeError(`${name} must be a whole number of zero or more, got ${String(limit)}`);
    }
    filled[name] = limit;
  }
  return filled;
}
