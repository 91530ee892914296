import { assert } from "@std/assert";
import { StorageError } from "../errors.ts";
import type { CreateOptions, Entry, Storage } from "../storages/storage.ts";

/** What one case of the contract plays with. */
export interface Scene {
  /** An empty storage. */
  readonly storage: Storage;
  /** Opens another storage on the same place; the same one where that cannot be. */
  again(): Promise<Storage>;
  /** How often savers, readers and deleters of one key meet. */
  readonly rounds: number;
}

/** One promise, and how it is tried. */
export interface StorageCase {
  /** The promise. */
  readonly name: string;
  /**
   * Which storages promise it: those that keep what they are given, those that never do, those that can
   * be opened twice, those that have claims; all when left out.
   */
  readonly by?: "keeping" | "forgetting" | "sharing" | "claiming";
  /** Tries it; throws when it is broken. */
  readonly run: (scene: Scene) => Promise<void>;
}

/** The content of an entry: file names to texts. */
export type Texts = Readonly<Record<string, string>>;

/** Gives a text's bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Gives bytes that repeat nowhere near, so that pieces that are lost or swapped show. */
export function noise(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = 0x9e3779b9;
  for (let n = 0; n < words.length; n++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[n] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** Saves an entry. */
export async function save(
  storage: Storage,
  key: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  options?: CreateOptions,
): Promise<void> {
  await using draft = await storage.create(key, options);
  for (const [name, data] of Object.entries(files)) {
    await draft.write(name, typeof data === "string" ? bytesOf(data) : data);
  }
  await draft.commit();
}

/** Reads an entry that must be there. */
export async function openThere(storage: Storage, key: string): Promise<Entry> {
  const entry = await storage.open(key);
  assert(entry, `There is no entry "${key}"`);
  return entry;
}

/** Reads all files of an entry; `undefined` when there is none. Opens again what was replaced. */
export async function textsOf(storage: Storage, key: string): Promise<Texts | undefined> {
  for (let tries = 1;; tries++) {
    const entry = await storage.open(key);
    if (!entry) return undefined;
    try {
      const texts = [];
      for (const name of [...entry.files.keys()].sort()) {
        texts.push([name, new TextDecoder().decode(await entry.read(name))]);
      }
      return Object.fromEntries(texts);
    } catch (error) {
      if (!(error instanceof StorageError) || tries === 100) throw error;
    }
  }
}

/** Gives all keys in order. */
export async function keysOf(storage: Storage, prefix?: string): Promise<string[]> {
  return (await Array.fromAsync(storage.findKeys({ prefix }))).sort();
}

/** Gives what a promise is rejected with; throws when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const missed = new Error("Expected the call to reject, but it did not");
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw missed;
}

/** Gives a stream of these pieces. */
export function streamOf(pieces: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces);
}

/** Gives a stream that gives one piece, then fails. */
export function failingStream(error: unknown): ReadableStream<Uint8Array> {
  let pulls = 0;
  return new ReadableStream({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(bytesOf("half"));
      else controller.error(error);
    },
  });
}

/** Gives a stream that gives one piece, then nothing more for ever. */
export function hangingStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(bytesOf("half")) });
}
