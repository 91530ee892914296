import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { BaseCache } from "../../caches/cache.ts";
import { sha256Hex } from "../../digest.ts";
import { BytesCache, JsonCache, StructuredCache } from "../../caches/mod.ts";
import { resultKey } from "../../serialize.ts";
import { MemoryStorage } from "../../storages/mod.ts";
import { findTaskType, type Task, task } from "../../task.ts";
import { bytesOf, save } from "../../testing/_storage_scene.ts";
import { type Random, ValueGenerator } from "../caches/cbor/_generator.ts";
import { mutate } from "../caches/cbor/_mutate.ts";
import type { Decoder } from "./_fuzz.ts";
import { mutateText } from "./_fuzz_text.ts";

/** The files of an entry. */
export type Files = Record<string, Uint8Array<ArrayBuffer>>;

const METADATA = "metadata.json";
const VALUES = 40;

/** A type of tasks with tasks and all else that params may hold. */
export const FuzzOf = task(null, {
  name: "FuzzOf",
  run: (params: Record<string, unknown>) => params,
});
const inner = FuzzOf({ n: -0, at: new Date(0), big: 10n ** 30n, list: [1, { $a: NaN }, null] });
/** One of them. */
export const FUZZED: Task = FuzzOf({ of: [inner, FuzzOf({ of: inner })], text: "ä\u0000" });

/** Saves a value, and gives the files of its entry. */
export async function filesOf(cache: BaseCache, value: unknown): Promise<Files> {
  const storage = new MemoryStorage();
  const key = resultKey(cache.keyPrefix, FUZZED);
  await cache.save(storage, key, FUZZED, { value, meta: { start: new Date(0), duration: 1 } });
  const entry = (await storage.open(key))!;
  const files: Files = {};
  for (const name of entry.files.keys()) files[name] = await entry.read(name);
  return files;
}

/** Reads an entry in all ways that there are. Gives whether its result was taken for a good one. */
export async function readEntry(cache: BaseCache, files: Files): Promise<boolean> {
  const storage = new MemoryStorage();
  const key = resultKey(cache.keyPrefix, FUZZED);
  await save(storage, key, files);
  await cache.isCached(storage, key);
  const found = await cache.loadTask(storage, findTaskType("FuzzOf")!, key);
  if (found && found.id !== FUZZED.id) throw new Error(`It gives another task, ${found}`);
  const loaded = await cache.load(storage, key, FUZZED);
  if (loaded?.value instanceof ReadableStream) {
    await loaded.value.pipeTo(new WritableStream()).catch(() => {});
  }
  return loaded !== undefined;
}

/** Entries whose data is changed, and noted in the metadata as it is then. */
export async function entryDecoders(): Promise<Decoder[]> {
  const json = (random: Random) => {
    const list = Array.from({ length: random.below(9) }, (_, n) => ({ n, a: [n / 3, null, "ü"] }));
    return { list, deep: { er: [true, "", {}] } };
  };
  const any = (random: Random) => new ValueGenerator(random.next()).value();
  const gzip = new StructuredCache({ compress: "gzip" });
  const zstd = new StructuredCache({ compress: "zstd" });
  return await Promise.all([
    dataDecoder("structured entry", new StructuredCache(), any, mutate),
    dataDecoder("gzip", gzip, any, packed(gzipSync, gunzipSync)),
    dataDecoder("zstd", zstd, any, packed(zstdCompressSync, zstdDecompressSync)),
    dataDecoder("json", new JsonCache(), json, (bytes, random) => {
      return bytesOf(mutateText(new TextDecoder().decode(bytes), random));
    }),
    dataDecoder("bytes", new BytesCache(), (random) =>
      random.pick<unknown>([
        new Uint8Array(99),
        "text, ä",
        ReadableStream.from([new Uint8Array(9), new Uint8Array(3)]),
      ]), mutate),
    metadataDecoder(),
  ]);
}

type Pack = (bytes: Uint8Array) => Uint8Array;

/** Changes what is compressed, or what it is compressed to. */
function packed(pack: Pack, unpack: Pack): typeof mutate {
  return (bytes, random) =>
    random.below(2) === 0 ? mutate(bytes, random) : pack(mutate(unpack(bytes), random)).slice();
}

async function dataDecoder(
  name: string,
  cache: BaseCache,
  valueOf: (random: Random) => unknown,
  change: typeof mutate,
): Promise<Decoder> {
  const { Random } = await import("../caches/cbor/_generator.ts");
  const entries: Files[] = [];
  for (let seed = 0; seed < VALUES; seed++) {
    entries.push(await filesOf(cache, valueOf(new Random(seed))));
  }
  return {
    name,
    attempt(random) {
      const files = { ...random.pick(entries) };
      const file = random.pick(Object.keys(files).filter((name) => name !== METADATA));
      files[file] = change(files[file]!, random);
      const metadata = JSON.parse(new TextDecoder().decode(files[METADATA]));
      metadata.files[file] = { bytes: files[file].length, sha256: sha256Hex(files[file]) };
      files[METADATA] = bytesOf(JSON.stringify(metadata));
      return readEntry(cache, files);
    },
  };
}

async function metadataDecoder(): Promise<Decoder> {
  const cache = new StructuredCache();
  const files = await filesOf(cache, [1, 2]);
  const text = new TextDecoder().decode(files[METADATA]);
  return {
    name: "metadata",
    attempt: (random) =>
      readEntry(cache, { ...files, [METADATA]: bytesOf(mutateText(text, random)) }),
  };
}
