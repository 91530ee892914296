import { assert, assertEquals, assertMatch } from "@std/assert";
import { Lab, task } from "@labtech/lab";
import { METADATA_FILE, METADATA_LIMIT } from "../../caches/metadata.ts";
import { readEntry } from "../../maintenance/stored_entries.ts";
import { type VerifyProgress, verifyStorage } from "@labtech/lab/maintenance";
import { generateKey, openKeys } from "@labtech/lab/signing";
import {
  type Entry,
  LocalStorage,
  MemoryStorage,
  SqliteStorage,
  type Storage,
} from "../../storages/mod.ts";
import { keysOf, noise, rejection, save } from "../../testing/_storage_scene.ts";
import { scratch } from "../storages/_scratch.ts";

const Numbers = task(import.meta, {
  name: "VerifyNumbers",
  run: ({ n }: { n: number }) => noise(n),
});
const Sum = task(import.meta, {
  name: "VerifySum",
  codeVersion: "v1",
  run: ({ of }: { of: ReturnType<typeof Numbers>[] }) => of.length,
});

async function fill(storage: Storage): Promise<void> {
  await using lab = new Lab({ storage, runner: "serial", progress: false, records: false });
  const of = [10, 1000, 3_000_000].map((n) => Numbers({ n }));
  await lab.runTasks([...of, Sum({ of })]);
}

/** Gives the path of a data file that is large. */
function largeFile(dir: string): string {
  for (const { name } of Deno.readDirSync(dir)) {
    const path = `${dir}/${name}`;
    const info = Deno.lstatSync(path);
    if (info.isFile && info.size > 1e6) return path;
    const inside = info.isDirectory ? largeFile(path) : "";
    if (inside !== "") return inside;
  }
  return "";
}

function flipAt(path: string, at: number): void {
  const bytes = Deno.readFileSync(path);
  bytes[at]! ^= 1;
  Deno.writeFileSync(path, bytes);
}

Deno.test("a storage that is whole has no problems, and all of its bytes are read", async () => {
  await using place = await scratch();
  const storages = [
    new MemoryStorage(),
    new LocalStorage(`${place.dir}/local`),
    new SqliteStorage(`${place.dir}/results.db`),
  ];
  for (const storage of storages) {
    await using held = storage;
    await fill(held);
    const seen: VerifyProgress[] = [];
    const report = await verifyStorage(held, { onProgress: (progress) => seen.push(progress) });
    assertEquals([report.entries, report.problems], [4, []]);
    assert(report.bytes > 3_001_010);
    assertEquals(seen.at(-1), { entries: 4, bytes: report.bytes, problems: 0 });
  }
});

Deno.test("one flipped bit of a large file is found, set aside, and computed again by the next run", async () => {
  await using place = await scratch();
  await using storage = new LocalStorage(place.dir);
  await fill(storage);
  flipAt(largeFile(place.dir), 1_234_567);
  const { problems: [problem, ...others] } = await verifyStorage(storage);
  assertEquals([problem!.kind, others], ["torn", []]);
  assertMatch(problem!.reason, /^its file \S+ is not as it was saved \(SHA-256 differs\)$/);
  assertEquals((await keysOf(storage)).length, 4, "nothing is changed unasked");

  const { problems: [repaired] } = await verifyStorage(storage, { repair: true });
  assertEquals([repaired!.key, repaired!.repaired], [problem!.key, "set aside"]);
  assert(Deno.statSync(repaired!.movedTo!).isDirectory);
  const report = await verifyStorage(storage);
  assertEquals([report.entries, report.problems, report.aside.count], [3, [], 1]);
  assert(report.aside.bytes > 3_000_000);
  await fill(storage);
  assertEquals((await verifyStorage(storage)).entries, 4);
});

Deno.test("an entry without a whole record is torn; one that is deleted meanwhile is none", async () => {
  await using place = await scratch();
  await using storage = new LocalStorage(place.dir);
  await save(storage, "torn", { "metadata.json": "{}" });
  await save(storage, "gone", { "metadata.json": "{}" });
  flipAt(`${place.dir}/torn/metadata.json`, 20);
  flipAt(`${place.dir}/gone/metadata.json`, 20);
  const deleting = new class extends LocalStorage {
    #opened = 0;
    override async open(key: string) {
      const entry = await super.open(key);
      // Within the first round of looks.
      if (key === "gone" && ++this.#opened === 2) await this.delete(key);
      return entry;
    }
  }(place.dir);
  const { entries, problems } = await verifyStorage(deleting);
  assertEquals([entries, problems.map(({ key, kind }) => `${kind} ${key}`)], [1, ["torn torn"]]);
});

Deno.test("what something else made is foreign, and stays", async () => {
  const storage = new MemoryStorage();
  await fill(storage);
  const key = (await keysOf(storage)).find((key) => key.includes("VerifySum"));
  const entry = (await storage.open(key!))!;
  const metadata = JSON.parse(new TextDecoder().decode(await entry.read("metadata.json")));
  const files = Object.fromEntries(
    await Promise.all([...entry.files.keys()].map(async (file) => [file, await entry.read(file)])),
  );
  const other = `VerifySum__${"0".repeat(40)}`;
  const write = (key: string, change: object, more = {}) =>
    save(storage, key, {
      ...files,
      ...more,
      "metadata.json": JSON.stringify({ ...metadata, ...change }),
    });
  await save(storage, "plain", { "a.txt": "a" });
  await save(storage, "odd", { "metadata.json": "{}" });
  await write("moved", {});
  await write(other, { key: other });
  await write(key!, { task: { ...metadata.task, tasks: {} } }, {});
  const { problems } = await verifyStorage(storage, { repair: true });
  assertEquals(
    problems.map(({ kind, key, reason, repaired }) => [kind, key, repaired, reason]).sort(),
    [
      ["foreign", "moved", undefined, `its metadata.json is that of the entry ${key}`],
      ["foreign", "odd", undefined, "its metadata.json is not one of this library"],
      ["foreign", "plain", undefined, "it has no metadata.json: something else made it"],
      ["foreign", key, undefined, "its task is malformed: " + missing(metadata.task.id)],
      ["foreign", other, undefined, "its key is not the one of its task and code versions"],
    ].sort(),
  );
  await write(key!, {}, { "more.txt": "more" });
  const again = await verifyStorage(storage);
  const extra = again.problems.find((problem) => problem.key === key)!;
  assertEquals(extra.reason, "it holds the file more.txt, which its metadata.json does not name");
});

function missing(id: string): string {
  return `Task ${id} is missing from its table, or malformed`;
}

Deno.test("an entry that is replaced while it is read is read again", async () => {
  await using place = await scratch();
  await using storage = new LocalStorage(place.dir);
  await fill(storage);
  let replaced = 0;
  const replacing = new class extends LocalStorage {
    override async open(key: string) {
      const entry = await super.open(key);
      if (!entry || !key.includes("VerifyNumbers") || replaced++ >= 6) return entry;
      const files = await Promise.all(
        [...entry.files.keys()].map(async (file) => [file, await entry.read(file)]),
      );
      await save(storage, key, Object.fromEntries(files));
      return entry;
    }
  }(place.dir);
  const { entries, problems } = await verifyStorage(replacing);
  assertEquals([entries, problems], [4, []]);
  assert(replaced >= 6);
});

Deno.test("where the medium fails, an entry is unreadable, and not set aside", async () => {
  await using place = await scratch();
  await using storage = new LocalStorage(place.dir);
  await fill(storage);
  const failing = new class extends LocalStorage {
    override async open(key: string) {
      const entry = await super.open(key);
      if (!entry || key.includes("VerifySum")) return entry;
      return { ...entry, files: entry.files, read: entry.read.bind(entry), stream: failure, key };
    }
  }(place.dir);
  const { problems } = await verifyStorage(failing, { repair: true });
  assertEquals(problems.map(({ kind, repaired }) => [kind, repaired]), [
    ["unreadable", undefined],
    ["unreadable", undefined],
    ["unreadable", undefined],
  ]);
  assertEquals((await keysOf(storage)).length, 4);
});

async function failure(): Promise<never> {
  const { StorageError } = await import("../../errors.ts");
  throw new StorageError("Cannot read", { cause: new Error("Input/output error (os error 5)") });
}

Deno.test("what takes no room is no problem; what the dead left is, until it is repaired", async () => {
  await using place = await scratch();
  await using storage = new LocalStorage({ dir: place.dir, gitignore: false });
  Deno.mkdirSync(`${place.dir}/.writers`);
  Deno.writeTextFileSync(`${place.dir}/.writers/deadbeef.lock`, "");
  assertEquals((await verifyStorage(storage)).problems, []);
  Deno.mkdirSync(`${place.dir}/dead`);
  Deno.writeTextFileSync(`${place.dir}/dead/deadbeef-1-0-a.txt`, "12345");
  const { problems: [problem] } = await verifyStorage(storage);
  assertEquals([problem!.kind, problem!.key], ["orphaned", undefined]);
  assertEquals(problem!.reason, "left by a program that died while it saved (5 bytes)");
  const { problems: [repaired] } = await verifyStorage(storage, { repair: true });
  assertEquals(repaired!.repaired, "removed");
  assertEquals([...Deno.readDirSync(place.dir)], []);
});

Deno.test("entries that are not trusted are told of, and stay", async () => {
  const storage = new MemoryStorage();
  await fill(storage);
  const { publicKey } = await generateKey();
  const signing = await openKeys({ trust: [publicKey] });
  const { problems } = await verifyStorage(storage, { signing, repair: true });
  assertEquals(problems.map(({ kind, reason }) => `${kind}: ${reason}`), [
    ...Array(4).fill("untrusted: it is not signed"),
  ]);
  assertEquals((await keysOf(storage)).length, 4);
});

Deno.test("a verification ends with the reason of its signal", async () => {
  const storage = new MemoryStorage();
  await fill(storage);
  const abort = new AbortController();
  const reason = new Error("enough");
  const verifying = verifyStorage(storage, {
    signal: abort.signal,
    onProgress: () => abort.abort(reason),
  });
  assertEquals(await rejection(verifying), reason);
});

Deno.test("metadata that is larger than any that is written is not read into memory, but told of", async () => {
  /** What a storage on a disk gives of a file with holes, which takes no room there. */
  class Swollen extends MemoryStorage {
    override async open(key: string): Promise<Entry | undefined> {
      const entry = (await super.open(key))!;
      const files = new Map(entry.files).set(METADATA_FILE, METADATA_LIMIT + 1);
      const read = (file: string) => Promise.reject(new RangeError(`no memory for ${file}`));
      return { key, files, read, stream: (file) => entry.stream(file) };
    }
  }
  const storage = new Swollen();
  await save(storage, "k__a", { [METADATA_FILE]: "{}" });
  assertEquals(await readEntry(storage, "k__a"), "foreign");
  const { problems } = await verifyStorage(storage);
  assertEquals(problems.map(({ kind }) => kind), ["foreign"]);
  assertMatch(problems[0]!.reason, /metadata.json has 67108865 bytes, and 67108864 is the most/);
});
