/**
 * Things that are short, or soon written, and would cost a careless reader much time or memory. What is
 * stored has digests that fit, so that nothing but the reader's own care stands in the way.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { BaseCache } from "../../caches/cache.ts";
import { decode } from "../../caches/cbor/mod.ts";
import { BytesCache, JsonCache, StructuredCache } from "../../caches/mod.ts";
import { loadConfig } from "../../config.ts";
import { sha256Hex } from "../../digest.ts";
import { ConfigError, SerializationError } from "../../errors.ts";
import { resultKey, taskFromJson, type TaskTableJson } from "../../serialize.ts";
import { LocalStorage, MemoryStorage, SqliteStorage, type Storage } from "../../storages/mod.ts";
import { createTask, findTaskType } from "../../task.ts";
import { bytesOf, save } from "../../testing/_storage_scene.ts";
import { BOMBS as DOCUMENTS } from "../caches/cbor/_bombs.ts";
import { type Files, filesOf, FUZZED } from "./_fuzz_entries.ts";

/** Readies a bomb in an empty directory. What it gives sets it off, and tells whether it was refused. */
export type Bomb = (dir: string) => Promise<() => Promise<boolean>>;

const MIB = 2 ** 20;
const METADATA = "metadata.json";
const zeros = (mib: number) => new Uint8Array(mib * MIB);
const repeated = (text: string, bytes: number) =>
  new Uint8Array(bytes - bytes % text.length).map((_, at) => text.charCodeAt(at % text.length));

/** All bombs by name. */
export const BOMBS: Readonly<Record<string, Bomb>> = {
  ...Object.fromEntries(
    Object.entries(DOCUMENTS).flatMap(([name, make]) => [
      [`document: ${name}`, () => document(make())],
      [`entry: ${name}`, () => entry(new StructuredCache(), { "result.cbor": make() })],
    ]),
  ),
  "gzip: 64 MiB of zeros in 64 KiB": () =>
    entry(new StructuredCache(), { "result.cbor.gz": gzipSync(zeros(64)).slice() }),
  "zstd: 64 MiB of zeros in 6 KiB": () =>
    entry(new StructuredCache(), { "result.cbor.zst": zstdCompressSync(zeros(64)).slice() }),
  "zstd: 200 frames of 8 MiB in 200 KiB": () =>
    entry(new StructuredCache(), { "result.cbor.zst": frames(200) }),
  "a result of 8 GiB, of which nothing is there": (dir) =>
    sparse(dir, new StructuredCache(), "result.cbor"),
  "JSON: a million arrays within each other": () => json("[".repeat(MIB)),
  "JSON: objects within each other, closed": () =>
    json('{"a":'.repeat(99_999) + "1" + "}".repeat(99_999)),
  "JSON: 11 million numbers": () => json(`[1${",1".repeat(11e6)}]`),
  "JSON: 11 million arrays": () => json("[" + "[],".repeat(11e6) + "1]"),
  "JSON of 8 GiB, of which nothing is there": (dir) => sparse(dir, new JsonCache(), "result.json"),
  "bytes: a kind of 8 GiB": (dir) => sparse(dir, new BytesCache(), "kind.txt"),
  "metadata of 8 GiB, of which nothing is there": (dir) =>
    sparse(dir, new StructuredCache(), METADATA),
  "metadata: a million arrays within each other": () => metadata("[".repeat(MIB)),
  "metadata: 10 million arrays": () => metadata("[" + "[],".repeat(10e6) + "1]"),
  "metadata: a deep thing in place of params": () => params("[".repeat(5e4) + "]".repeat(5e4)),
  "metadata: 20,000 arrays in place of a date": () =>
    params(`{"a":{"$date":${"[".repeat(2e4)}${"]".repeat(2e4)}}}`),
  "tasks: one that needs itself": () => tasks(2, (n) => [1 - n]),
  "tasks: 50,000 one within the other": () => tasks(50_000, (n) => [n + 1]),
  "tasks: each needs the next one twice, 10,000 times": () => tasks(10_000, (n) => [n + 1, n + 1]),
  "tasks: each needs all that follow": () => tasks(700, (n, all) => rangeOf(n + 1, all)),
  "tasks: one that needs another a million times": () =>
    tasks(2, (n) => n === 0 ? new Array(1e6).fill(1) : []),
  "record: 65 MiB": (dir) => record(dir, repeated("[", 65 * MIB)),
  "record: a million arrays within each other": (dir) => record(dir, repeated("[", MIB)),
  "record: 5 million arrays as files": (dir) => record(dir, repeated("[],", 15 * MIB)),
  "sqlite: a million arrays within each other": (dir) => row(dir, "[".repeat(MIB)),
  "sqlite: 300,000 arrays as files": (dir) => row(dir, `[${"[],".repeat(3e5)}[]]`),
  "sqlite: a list of 64 MiB": (dir) => row(dir, " ".repeat(64 * MIB)),
  "sqlite: a file of 2 ** 50 bytes": (dir) => row(dir, `[["result.cbor",${2 ** 50},7]]`),
  "configuration: a million arrays within each other": (dir) => config(dir, "[".repeat(MIB)),
  "configuration: the same, with a comment": (dir) => config(dir, `//\n${"[".repeat(MIB)}`),
  "configuration: objects within each other, closed": (dir) =>
    config(dir, '{"a":'.repeat(1e5) + "1" + "}".repeat(1e5)),
  "configuration: the same, deep in options": (dir) =>
    config(dir, `{"storage":{"type":"local","dir":${"[".repeat(1e5)}${"]".repeat(1e5)}}}`),
};

// deno-lint-ignore require-await
async function document(bytes: Uint8Array): Promise<() => Promise<boolean>> {
  return () => refused([SerializationError], () => decode(bytes));
}

/** An entry whose metadata fits its files. */
async function entry(cache: BaseCache, data: Files): Promise<() => Promise<boolean>> {
  const metadata = JSON.parse(new TextDecoder().decode((await filesOf(cache, ""))[METADATA]));
  metadata.files = {};
  for (const [name, bytes] of Object.entries(data)) {
    metadata.files[name] = { bytes: bytes.length, sha256: sha256Hex(bytes) };
  }
  return await whole(cache, { ...data, [METADATA]: bytesOf(JSON.stringify(metadata)) });
}

async function whole(cache: BaseCache, files: Files): Promise<() => Promise<boolean>> {
  const storage = new MemoryStorage();
  await save(storage, resultKey(cache.keyPrefix, FUZZED), files);
  return () => isMiss(cache, storage);
}

async function isMiss(cache: BaseCache, storage: Storage): Promise<boolean> {
  return await cache.load(storage, resultKey(cache.keyPrefix, FUZZED), FUZZED) === undefined;
}

function json(text: string): Promise<() => Promise<boolean>> {
  return entry(new JsonCache(), { "result.json": bytesOf(text) });
}

async function metadata(text: string): Promise<() => Promise<boolean>> {
  const cache = new StructuredCache();
  return await whole(cache, { ...await filesOf(cache, 1), [METADATA]: bytesOf(text) });
}

/** Metadata that is as it should be but for the params of its task. */
async function params(text: string): Promise<() => Promise<boolean>> {
  const [cache, storage] = [new StructuredCache(), new MemoryStorage()];
  const files = await filesOf(cache, 1);
  const written = new TextDecoder().decode(files[METADATA]);
  const changed = written.replace(/"params": \{/, () => `"params": ${text}, "other": {`);
  const key = resultKey(cache.keyPrefix, FUZZED);
  await save(storage, key, { ...files, [METADATA]: bytesOf(changed) });
  return async () => await cache.loadTask(storage, findTaskType("FuzzOf")!, key) === undefined;
}

/** An entry of a directory with one file of 8 GiB, of which the disk holds nothing. */
async function sparse(dir: string, cache: BaseCache, file: string) {
  const bytes = 8 * 1024 * MIB;
  const key = resultKey(cache.keyPrefix, FUZZED);
  const storage = new LocalStorage(dir);
  const name = cache instanceof BytesCache && file !== METADATA ? "result.bin" : file;
  const claims = { [name]: { bytes: 1, sha256: "" }, [file]: { bytes, sha256: "" } };
  const files = await filesOf(cache, cache instanceof JsonCache ? 1 : "");
  const own = JSON.parse(new TextDecoder().decode(files[METADATA]));
  const text = JSON.stringify({ ...own, files: claims });
  const other: Files = file === METADATA ? {} : { [METADATA]: bytesOf(text) };
  await save(storage, key, { ...other, [name]: "1", [file]: new Uint8Array(MIB + 1) });
  const folder = `${dir}/${
    [...Deno.readDirSync(dir)].find((each) => /FuzzOf/.test(each.name))!.name
  }`;
  const large = [...Deno.readDirSync(folder)].find((each) => each.name.endsWith(`-${file}`))!.name;
  await Deno.truncate(`${folder}/${large}`, bytes);
  rewriteRecord(folder, (body) => body.replaceAll(`${MIB + 1}`, `${bytes}`));
  if (!await storage.exists(key)) throw new Error("The storage takes it for torn");
  return () => isMiss(cache, storage);
}

/** Changes what stands in a record, and its digest with it. */
function rewriteRecord(folder: string, change: (body: string) => string): void {
  const body = change(
    Deno.readTextFileSync(`${folder}/${METADATA}`).split("\n").slice(1).join("\n"),
  );
  Deno.writeTextFileSync(`${folder}/${METADATA}`, `{"sha256":"${sha256Hex(body)}",\n${body}`);
}

async function record(dir: string, list: Uint8Array) {
  const storage = new LocalStorage(dir);
  await save(storage, "key", { "a.txt": "a" });
  const entry = '"entry":{"format":1,"key":"key","generation":"abcdefgh-1","files":[';
  const body = new Uint8Array([...bytesOf(entry)].length + list.length + 4);
  body.set(bytesOf(entry));
  body.set(list, entry.length);
  body.set(bytesOf("]}\n}"), entry.length + list.length);
  const head = bytesOf(`{"sha256":"${sha256Hex(body)}",\n`);
  const file = await Deno.open(`${dir}/key/${METADATA}`, { write: true, truncate: true });
  for (const part of [head, body]) await file.write(part);
  file.close();
  return async () => !await storage.exists("key") && await storage.open("key") === undefined;
}

async function row(dir: string, list: string) {
  const [storage, cache] = [new SqliteStorage(`${dir}/r.db`), new StructuredCache()];
  const key = resultKey(cache.keyPrefix, FUZZED);
  const files = await filesOf(cache, 1);
  await save(storage, key, files);
  await storage[Symbol.asyncDispose]();
  const db = new DatabaseSync(`${dir}/r.db`);
  db.prepare("INSERT INTO piece (blob, number, data) VALUES (7, ?, ?)").run(2 ** 30 - 1, zeros(1));
  db.prepare("UPDATE entry SET files = ?, data = x'', sha256 = ?")
    .run(list, sha256Hex(`${key}\n${list}\n`));
  db.close();
  return async () => {
    await using again = new SqliteStorage(`${dir}/r.db`);
    return await isMiss(cache, again);
  };
}

/** Tasks in a table, each with those that it needs, by number. */
// deno-lint-ignore require-await
async function tasks(count: number, needed: (n: number, count: number) => number[]) {
  const table: TaskTableJson = {
    id: "FuzzOf__0",
    tasks: Object.fromEntries(Array.from({ length: count }, (_, n) => {
      const of = needed(n, count).filter((m) => m < count).map((m) => ({ $task: `FuzzOf__${m}` }));
      return [`FuzzOf__${n}`, { name: "FuzzOf", params: { of } }];
    })),
  };
  return () =>
    refused(
      [SerializationError],
      () =>
        taskFromJson(table, (name, version, params) =>
          createTask(findTaskType(name)!, params, version)),
    );
}

async function config(dir: string, text: string) {
  const file = `${dir}/labtech.json`;
  await Deno.writeTextFile(file, text);
  return () => refused([ConfigError], () => loadConfig(file));
}

function frames(count: number): Uint8Array<ArrayBuffer> {
  const frame = zstdCompressSync(zeros(8));
  return new Uint8Array(Array.from({ length: count }, () => [...frame]).flat());
}

function rangeOf(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n);
}

async function refused(
  errors: readonly (new (...args: never[]) => Error)[],
  act: () => unknown,
): Promise<boolean> {
  try {
    await act();
    return false;
  } catch (error) {
    if (errors.some((each) => error instanceof each)) return true;
    throw error;
  }
}
