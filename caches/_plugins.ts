import * as v from "valibot";
import type { Plugin } from "../plugin.ts";
import { BytesCache, type BytesCacheOptions, EXTENSION, EXTENSION_LENGTH } from "./bytes.ts";
import type { Cache } from "./cache.ts";
import { JsonCache, type JsonCacheOptions } from "./json.ts";
import { NullCache } from "./null.ts";
import { StructuredCache, type StructuredCacheOptions } from "./structured.ts";
import { V8Cache } from "./v8.ts";

/** Makes a {@linkcode StructuredCache}. */
export const structuredPlugin: Plugin<Cache, StructuredCacheOptions> = {
  name: "structured",
  summary: "Any structured-cloneable value as strict CBOR; safe to load from anywhere",
  options: v.strictObject({
    compress: v.optional(
      v.pipe(v.picklist(["zstd", "gzip"]), v.description("How to compress what is saved")),
    ),
  }),
  create: (options) => new StructuredCache(options),
};

/** Makes a {@linkcode JsonCache}. */
export const jsonPlugin: Plugin<Cache, JsonCacheOptions> = {
  name: "json",
  summary: "JSON that a person can read; refuses what JSON would change",
  options: v.strictObject({
    indent: v.optional(
      v.pipe(
        v.number(),
        v.integer("Expected a whole number of spaces"),
        v.minValue(0, "Expected 0 spaces or more"),
        v.maxValue(10, "Expected 10 spaces at most"),
        v.description("How many spaces to indent by; 0 writes one line"),
      ),
      2,
    ),
  }),
  create: (options) => new JsonCache(options),
};

/** Makes a {@linkcode BytesCache}. */
export const bytesPlugin: Plugin<Cache, BytesCacheOptions> = {
  name: "bytes",
  summary: "Bytes, a text or a stream of bytes as a raw file; may be larger than the memory",
  options: v.strictObject({
    extension: v.optional(
      v.pipe(
        v.string(),
        v.regex(EXTENSION, 'Expected an extension such as "png" or "csv.gz"'),
        v.maxLength(
          EXTENSION_LENGTH,
          `Expected an extension of ${EXTENSION_LENGTH} letters at most`,
        ),
        v.description("What the file is called after `result.`, without a dot before"),
      ),
      "bin",
    ),
  }),
  create: (options) => new BytesCache(options),
};

/** Makes a {@linkcode V8Cache}. */
export const v8Plugin: Plugin<Cache, Record<never, never>> = {
  name: "v8",
  summary: "V8's structured clone, for speed on data that you trust",
  options: v.strictObject({}),
  create: () => new V8Cache(),
};

/** Makes a {@linkcode NullCache}. */
export const nullPlugin: Plugin<Cache, Record<never, never>> = {
  name: "null",
  summary: "Never stores, never finds",
  options: v.strictObject({}),
  create: () => new NullCache(),
};
