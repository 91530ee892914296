/**
 * The structured format: a strict profile of CBOR (RFC 8949) for the results of experiments.
 * `docs/format.md` describes it byte by byte.
 *
 * @module
 */
export { encode, encodeChunks, type EncodeOptions } from "./encode.ts";
export { decode, type DecodeOptions } from "./decode.ts";
export { type ClassCodec, registerClass } from "./classes.ts";
export { DEFAULT_LIMITS, type Limits } from "./limits.ts";
export { STRUCTURED_FORMAT_VERSION } from "./tags.ts";
