/**
 * The numbers of the structured format: every CBOR tag that it writes and reads. `docs/format.md`
 * says what each holds; a reader in another language needs no more than that page.
 *
 * @module
 */

/**
 * The version of the structured format. It changes when a reader of the former version could no
 * longer read what is written; golden files keep every version that was ever released loading.
 */
export const STRUCTURED_FORMAT_VERSION = 1;

/** Seconds since 1970 (RFC 8949, 3.4.2): a `Date`. */
export const TAG_EPOCH = 1;
/** A bignum of zero or more (RFC 8949, 3.4.3): a `bigint`. */
export const TAG_POSITIVE_BIGNUM = 2;
/** A bignum below zero (RFC 8949, 3.4.3): a `bigint`. */
export const TAG_NEGATIVE_BIGNUM = 3;
/** `[name, data]`: an error or an instance of a registered class. */
export const TAG_OBJECT = 27;
/** Marks what {@linkcode TAG_REFERENCE} points at. */
export const TAG_SHARED = 28;
/** The n-th marked value once more. */
export const TAG_REFERENCE = 29;
/** A `URL`. */
export const TAG_URL = 32;
/** The first of the tags of typed arrays (RFC 8746). */
export const TAG_TYPED_ARRAY_FIRST = 64;
/** The last of the tags of typed arrays (RFC 8746). */
export const TAG_TYPED_ARRAY_LAST = 87;
/** A `Set`. */
export const TAG_SET = 258;
/** A `Map` whose keys are all primitive. */
export const TAG_MAP = 259;
/** A string with lone surrogates, as bytes of WTF-8. */
export const TAG_WTF8 = 273;
/** Seconds and milliseconds (RFC 9581): a `Date` that {@linkcode TAG_EPOCH} would round. */
export const TAG_EXTENDED_TIME = 1001;
/** A `RegExp`. */
export const TAG_REGEXP = 21066;

/**
 * The private tags: `LaB` in ASCII, then a number. They lie in the range that IANA hands out first
 * come, first served; none of them was taken when this was written.
 */
export const TAG_PRIVATE = 0x4c614200;
/** A run of holes in an array. */
export const TAG_HOLES = TAG_PRIVATE;
/** An `ArrayBuffer`. */
export const TAG_ARRAY_BUFFER = TAG_PRIVATE + 1;
/** A `DataView` that has its buffer to itself. */
export const TAG_DATA_VIEW = TAG_PRIVATE + 2;
/** A view of a buffer that the value holds more than once. */
export const TAG_VIEW = TAG_PRIVATE + 3;
/** An object without a prototype. */
export const TAG_NULL_PROTOTYPE = TAG_PRIVATE + 4;
/** A `Map` with at least one key that is an object. */
export const TAG_PAIRS = TAG_PRIVATE + 5;
