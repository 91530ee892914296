import { DatabaseSync } from "node:sqlite";
import { decode, encode } from "../../caches/cbor/mod.ts";
import { loadConfig } from "../../config.ts";
import { sha256Hex } from "../../digest.ts";
import { ConfigError, SerializationError, StorageError, TaskError } from "../../errors.ts";
import { taskFromJson, type TaskTableJson, taskTableToJson } from "../../serialize.ts";
import { decodeRecord, encodeRecord } from "../../storages/_record.ts";
import { checkFileName, SqliteStorage } from "../../storages/mod.ts";
import { createTask, findTaskType } from "../../task.ts";
import { bytesOf, save } from "../../testing/_storage_scene.ts";
import { type Random, ValueGenerator } from "../caches/cbor/_generator.ts";
import { mutate } from "../caches/cbor/_mutate.ts";
import { fastScratch } from "./_fast_scratch.ts";
import type { Decoder } from "./_fuzz.ts";
import { entryDecoders, FUZZED } from "./_fuzz_entries.ts";
import { runRecord } from "./_fuzz_runs.ts";
import { mutateText } from "./_fuzz_text.ts";

/** How many of a hundred mutants each decoder gets in a full run. */
export const SHARES: Readonly<Record<string, number>> = {
  "structured": 47,
  "structured entry": 8,
  "gzip": 3,
  "zstd": 3,
  "json": 8,
  "bytes": 4,
  "metadata": 7,
  "task table": 6,
  "record": 7,
  "record of a run": 3,
  "sqlite row": 3,
  "configuration": 1,
};

/** All that reads what others may have written; V8's own reader is not promised to stand it. */
export async function makeDecoders(): Promise<Decoder[]> {
  return [
    structured,
    ...await entryDecoders(),
    taskTable(),
    record,
    await runRecord(),
    await sqliteRow(),
    configuration(),
  ];
}

const structured: Decoder = {
  name: "structured",
  attempt(random) {
    const mutant = mutate(encode(new ValueGenerator(random.below(6000)).value()), random);
    const read = refusing([SerializationError], () => decode(mutant));
    if (read && encode(read.value).toHex() !== mutant.toHex()) {
      throw new Error(`It takes ${mutant.toHex()}, which is not how it would be written`);
    }
    return read !== undefined;
  },
};

function taskTable(): Decoder {
  const text = JSON.stringify(taskTableToJson(FUZZED));
  return {
    name: "task table",
    attempt(random) {
      const mutant = random.below(3) === 0 ? randomGraph(random) : mutateText(text, random);
      const table = refusing([SyntaxError], () => JSON.parse(mutant) as TaskTableJson)?.value;
      // What stands around it is looked at before, by what reads metadata.
      if (typeof table?.id !== "string") return false;
      const made = refusing(
        [SerializationError, TaskError],
        () =>
          taskFromJson(table, (name, codeVersion, params) => {
            const type = findTaskType(name);
            return type && createTask(type, params, codeVersion);
          }),
      )?.value;
      if (made && made.id !== table.id) throw new Error("It gives another task");
      if (made && String(made).length > 200) throw new Error("Its text is too long");
      return made !== undefined;
    },
  };
}

/** Tasks that refer to each other in any way, with loops. */
function randomGraph(random: Random): string {
  const ids = Array.from({ length: 2 + random.below(8) }, (_, n) => `FuzzOf__${n}`);
  const refer = () => ({ $task: random.pick(ids) });
  const tasks = Object.fromEntries(ids.map((id) => {
    const of = Array.from({ length: random.below(4) }, refer);
    return [id, { name: "FuzzOf", params: { of, n: random.below(3) } }];
  }));
  return JSON.stringify({ id: ids[0], tasks });
}

const HEAD = '{"sha256":"'.length;
const BODY = HEAD + 64 + '",\n'.length;
const RECORDS = [undefined, bytesOf('{"a":1}')].map((inlined) =>
  encodeRecord({
    key: "Key",
    generation: "abcdefgh-1",
    files: [{ name: "a.txt", bytes: 3 }, { name: "metadata.json", bytes: inlined?.length ?? 9 }],
    inlined,
  })
);

const record: Decoder = {
  name: "record",
  attempt(random) {
    const good = random.pick(RECORDS);
    const body = good.subarray(BODY);
    const mutant = random.below(2) === 0
      ? mutate(body, random)
      : bytesOf(mutateText(new TextDecoder().decode(body), random));
    const head = bytesOf(`{"sha256":"${sha256Hex(mutant)}",\n`);
    const found = decodeRecord(new Uint8Array([...head, ...mutant]));
    for (const { name } of found?.files ?? []) checkFileName(name);
    return found !== undefined;
  },
};

async function sqliteRow(): Promise<Decoder> {
  const place = fastScratch();
  const storage = new SqliteStorage({ file: `${place.dir}/r.db`, durability: "never" });
  const files = { "a.txt": "a", "b.bin": new Uint8Array(30_000), "metadata.json": "{}" };
  await save(storage, "Key", files);
  const db = new DatabaseSync(storage.file);
  db.exec("PRAGMA synchronous = OFF");
  const row = db.prepare("SELECT files, data FROM entry").get() as { files: string };
  const data = bytesOf("a{}");
  const put = db.prepare("UPDATE entry SET files = ?, data = ?, sha256 = ?");
  return {
    name: "sqlite row",
    async attempt(random) {
      const list = mutateText(row.files, random);
      const changed = random.below(4) === 0 ? mutate(data, random) : data;
      const head = bytesOf(`Key\n${list}\n`);
      put.run(list, changed, sha256Hex(new Uint8Array([...head, ...changed])));
      const entry = await storage.open("Key");
      for (const file of entry?.files.keys() ?? []) {
        checkFileName(file);
        await entry!.read(file).catch(expectAny([StorageError]));
      }
      return entry !== undefined;
    },
    async dispose() {
      db.close();
      await storage[Symbol.asyncDispose]();
      place[Symbol.dispose]();
    },
  };
}

const CONFIGURATION = {
  storage: { type: "local", dir: "results", durability: "always" },
  cache: { type: "structured", compress: "zstd" },
  runner: "serial",
  continueOnFailure: true,
  maxWorkers: 2,
  context: { a: { b: [1, "c"] } },
  progress: { enabled: false },
  labs: { paper: { storage: null, cache: "json" }, other: { storage: { type: "memory" } } },
};

function configuration(): Decoder {
  const place = fastScratch();
  const file = `${place.dir}/labtech.jsonc`;
  const text = `// what a Lab is made of\n${JSON.stringify({ labtech: CONFIGURATION })}`;
  return {
    name: "configuration",
    async attempt(random) {
      Deno.writeTextFileSync(file, mutateText(text, random));
      const lab = random.pick([undefined, "paper", "__proto__"]);
      try {
        const { storage, runner } = await loadConfig(file, { lab });
        await storage?.[Symbol.asyncDispose]();
        await (runner as Partial<AsyncDisposable> | undefined)?.[Symbol.asyncDispose]?.();
        return true;
      } catch (error) {
        expectAny([ConfigError])(error);
        return false;
      }
    },
    dispose: () => place[Symbol.dispose](),
  };
}

type ErrorClass = new (...args: never[]) => Error;

/** Gives what a call gives; `undefined` when it throws an error that it may throw. */
function refusing<T>(errors: readonly ErrorClass[], act: () => T): { value: T } | undefined {
  try {
    return { value: act() };
  } catch (error) {
    expectAny(errors)(error);
    return undefined;
  }
}

function expectAny(errors: readonly ErrorClass[]): (error: unknown) => void {
  return (error) => {
    if (!errors.some((each) => error instanceof each)) throw error;
  };
}
