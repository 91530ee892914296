import { SerializationError } from "../errors.ts";
import type { PluginSpec } from "../plugin.ts";
import type { Call, Entry } from "../storages/storage.ts";
import type { Task } from "../task.ts";
import { compress, type Compression, decompress, EXTENSIONS, mostOf } from "./_compression.ts";
import { checkSize } from "./_limits.ts";
import { BaseCache, type LoadCall, type ResultDraft } from "./cache.ts";
import { decodeInto } from "./cbor/decode.ts";
import { DEFAULT_LIMITS, encodeChunks, STRUCTURED_FORMAT_VERSION } from "./cbor/mod.ts";

/** Options of {@linkcode StructuredCache}. */
export interface StructuredCacheOptions {
  /**
   * Compresses what is saved; not where a result of over 16 MiB would shrink to a 250th or less,
   * as only decompression bombs do, and arrays of one number. What is loaded may be compressed or not.
   *
   * @default {none}
   */
  readonly compress?: Compression | undefined;
}

const FILE = "result.cbor";

/**
 * Any structured-cloneable value as strict CBOR: typed arrays, maps, dates, cycles and all. Safe to load
 * from anywhere: nothing in an entry is ever executed. The format is described in `docs/format.md`.
 */
export class StructuredCache extends BaseCache {
  /** The registered name. */
  readonly name = "structured";
  /** What keys begin with. */
  override readonly keyPrefix = "structured__";
  /** The version of the structured format. */
  override readonly formatVersion: number = STRUCTURED_FORMAT_VERSION;
  readonly #compress: Compression | undefined;

  /** Makes the cache. */
  constructor(options: StructuredCacheOptions = {}) {
    super();
    this.#compress = options.compress;
  }

  /** How another thread makes the same cache. */
  override get spec(): PluginSpec {
    return { type: this.name, ...(this.#compress && { compress: this.#compress }) };
  }

  /** Writes the result as `result.cbor`, or compressed as `result.cbor.zst` or `result.cbor.gz`. */
  async saveResult(draft: ResultDraft, _task: Task, result: unknown, call: Call): Promise<void> {
    const chunks = encodeChunks(result, { root: "result" });
    if (this.#compress !== undefined) {
      const plain = joined(chunks);
      const packed = await compress(plain, this.#compress);
      if (plain.length <= mostOf(packed, DEFAULT_LIMITS.maxBytes)) {
        return await draft.write(FILE + EXTENSIONS[this.#compress], packed, call);
      }
    }
    // Large arrays are chunks of their own, which go to the storage without being copied.
    const data = chunks.length === 1 ? chunks[0]! : ReadableStream.from(chunks);
    await draft.write(FILE, data, call);
  }

  /** Reads whichever of the files there is. */
  async loadResult(
    entry: Entry,
    _task: Task,
    call: Pick<LoadCall, "signal" | "sharing">,
  ): Promise<unknown> {
    const { maxBytes } = DEFAULT_LIMITS;
    const decode = (bytes: Uint8Array) => decodeInto(bytes, { shareFrom: call.sharing?.from });
    for (const [file, bytes] of entry.files) checkSize(file, bytes, maxBytes);
    if (entry.files.has(FILE)) return decode(await entry.read(FILE, call));
    for (const how of Object.keys(EXTENSIONS) as Compression[]) {
      const file = FILE + EXTENSIONS[how];
      if (!entry.files.has(file)) continue;
      return decode(await decompress(await entry.read(file, call), how, maxBytes));
    }
    throw new SerializationError(`The entry ${entry.key} has no ${FILE}`);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
