import { describe } from "../describe.ts";
import { CacheError, SerializationError } from "../errors.ts";
import type { PluginSpec } from "../plugin.ts";
import type { Call, Entry } from "../storages/storage.ts";
import type { Task } from "../task.ts";
import { checkSize } from "./_limits.ts";
import { BaseCache, type ResultDraft } from "./cache.ts";

/** Options of {@linkcode BytesCache}. */
export interface BytesCacheOptions {
  /**
   * What the file is called after `result.`, e.g. `png` or `csv.gz`. Entries are loaded whatever the
   * extension was when they were saved.
   *
   * @default {"bin"}
   */
  readonly extension?: string | undefined;
}

const STEM = "result.";
/** What may follow `result.` in a file name. */
export const EXTENSION = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
/** How long that may be. */
export const EXTENSION_LENGTH = 90;
/** Says what the file was made from; left out where that was a `Uint8Array`. */
const KIND = "kind.txt";
const TEXT = "string";
const STREAM = "ReadableStream";

/**
 * A `Uint8Array`, a `string` (as UTF-8) or a `ReadableStream<Uint8Array>` as a raw file, for other
 * programs to open. What comes back is of the kind that was saved; everything else is refused.
 *
 * A stream is saved, and later read, piece by piece: a result may be larger than the memory. What is
 * loaded is a fresh stream, which opens its file when it is first read and can be read once. Its bytes
 * come before their digest is known, so a reader trusts them when the stream has ended: where they are
 * not those that were saved, it ends with a {@linkcode SerializationError} instead.
 *
 * A stream that was saved is read to its end by that, and stays locked, so that nobody takes it for an
 * empty one: load the result to read it.
 *
 * @example
 * ```ts
 * import { Lab, task } from "@labtech/lab";
 * import { BytesCache } from "@labtech/lab/caches";
 * import { MemoryStorage } from "@labtech/lab/storages";
 * import { assertEquals } from "@std/assert";
 *
 * const Table = task(import.meta, {
 *   name: "Table",
 *   cache: new BytesCache({ extension: "csv" }), // or { type: "bytes", extension: "csv" }
 *   run: ({ rows }: { rows: number }) => Array.from({ length: rows }, (_, n) => `${n};${n * n}\n`).join(""),
 * });
 *
 * const storage = new MemoryStorage();
 * await using lab = new Lab({ storage, runner: "serial" });
 * const table = Table({ rows: 2 });
 * assertEquals(await lab.runTask(table), "0;0\n1;1\n");
 *
 * const entry = await storage.open(await lab.keyOf(table));
 * assertEquals([...entry!.files.keys()], ["result.csv", "kind.txt", "metadata.json"]);
 * assertEquals(await lab.runTask(table), "0;0\n1;1\n");
 * ```
 */
export class BytesCache extends BaseCache {
  /** The registered name. */
  readonly name = "bytes";
  /** What keys begin with. */
  override readonly keyPrefix = "bytes__";
  /** What the file is called after `result.`. */
  readonly extension: string;

  /**
   * Makes the cache.
   *
   * @throws {CacheError} When `extension` cannot be part of a file name.
   */
  constructor({ extension = "bin" }: BytesCacheOptions = {}) {
    super();
    const isText = typeof extension === "string";
    if (!isText || !EXTENSION.test(extension) || extension.length > EXTENSION_LENGTH) {
      throw new CacheError(
        `Expected an extension of letters, digits, _ and -, with single dots inside and none before, ` +
          `such as "png" or "csv.gz", got ${describe(extension)}`,
      );
    }
    this.extension = extension;
  }

  /** Streams are read once; each who needs one gets its own from the storage. */
  isOnce(value: unknown): boolean {
    return value instanceof ReadableStream;
  }

  /** How another thread makes the same cache. */
  override get spec(): PluginSpec {
    return { type: this.name, extension: this.extension };
  }

  /** Writes the result as `result.` and the extension. */
  async saveResult(draft: ResultDraft, _task: Task, result: unknown, call: Call): Promise<void> {
    const file = STEM + this.extension;
    if (result instanceof ReadableStream) {
      await draft.write(file, takenOver(result), call);
      await draft.write(KIND, new TextEncoder().encode(STREAM), call);
    } else if (typeof result === "string") {
      await draft.write(file, encodeText(result), call);
      await draft.write(KIND, new TextEncoder().encode(TEXT), call);
    } else {
      refuseOthers(result);
      await draft.write(file, result, call);
    }
  }

  /** Reads the file as what it was made from. A stream is opened when it is first read. */
  async loadResult(entry: Entry, _task: Task, call: Call): Promise<unknown> {
    const file = [...entry.files.keys()].find((name) => name.startsWith(STEM));
    if (file === undefined) throw new SerializationError(`The entry ${entry.key} has no ${STEM}…`);
    if (!entry.files.has(KIND)) return await entry.read(file, call);
    checkSize(KIND, entry.files.get(KIND), STREAM.length);
    const kind = new TextDecoder().decode(await entry.read(KIND, call));
    if (kind === TEXT) return decodeText(await entry.read(file, call));
    if (kind === STREAM) return opened(() => entry.stream(file, call));
    throw new SerializationError(`The entry ${entry.key} is of an unknown kind, ${describe(kind)}`);
  }
}

function encodeText(text: string): Uint8Array {
  if (text.isWellFormed()) return new TextEncoder().encode(text);
  throw new SerializationError(
    "result is a text with half a surrogate pair, which UTF-8 cannot hold; use the cache " +
      '"structured", or return text.toWellFormed()',
  );
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function refuseOthers(result: unknown): asserts result is Uint8Array<ArrayBuffer> {
  if (!(result instanceof Uint8Array)) {
    throw new SerializationError(
      `result is ${describe(result)}, and the cache "bytes" holds a Uint8Array, a string or a ` +
        'ReadableStream<Uint8Array>; return one of these, or use the cache "structured"',
    );
  }
  if (Object.getPrototypeOf(result) !== Uint8Array.prototype) {
    throw new SerializationError(
      `result is ${
        describe(result)
      }, which would come back as a Uint8Array; return a plain copy, ` +
        "e.g. new Uint8Array(it)",
    );
  }
  if (!(result.buffer instanceof ArrayBuffer)) {
    throw new SerializationError(
      "result is a Uint8Array of memory shared between threads; return a copy by slice()",
    );
  }
}

/** Gives what is in a stream, which stays locked: read to its end and free it would pass for empty. */
function takenOver(stream: ReadableStream<unknown>): ReadableStream<Uint8Array> {
  if (stream.locked) {
    throw new SerializationError(
      "result is a ReadableStream that something else reads already; return one that nobody reads",
    );
  }
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      if (value instanceof Uint8Array) return controller.enqueue(value);
      const error = new SerializationError(
        `result is a ReadableStream with ${
          describe(value)
        } in it, not only Uint8Array; pipe texts ` +
          "through a TextEncoderStream",
      );
      await reader.cancel(error).catch(() => {});
      throw error;
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** A stream that is opened by the first who reads it: one that nobody reads must not hold a file open. */
function opened(
  open: () => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let source: Promise<ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>> | undefined;
  return new ReadableStream({
    async pull(controller) {
      source ??= open().then((stream) => stream.getReader());
      const { done, value } = await (await source).read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await (await source)?.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
