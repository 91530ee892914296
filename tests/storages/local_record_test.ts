import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { decodeRecord, encodeRecord, generationIn } from "../../storages/_record.ts";
import { StorageError } from "../../errors.ts";
import { sha256Hex } from "../../digest.ts";
import { LocalStorage } from "../../storages/mod.ts";
import { bytesOf, openThere, rejection, save, textsOf } from "../../testing/_storage_scene.ts";
import { scratch } from "./_scratch.ts";

const FILES = { "result.txt": "the result", "Second.TXT": "2", "metadata.json": '{"a": [1, 2]}\n' };
const RECORD = {
  key: "key",
  generation: "abcdefgh-1",
  files: [{ name: "a.txt", bytes: 3 }, { name: "metadata.json", bytes: 2 }],
  inlined: bytesOf("{}"),
};

Deno.test("a record is as it was written down: JSON that begins with its digest", () => {
  const text = new TextDecoder().decode(encodeRecord(RECORD));
  const [first, ...rest] = text.split("\n");
  assertEquals(first, `{"sha256":"${sha256Hex(rest.join("\n"))}",`);
  assertEquals(rest, [
    '"entry":{"format":1,"key":"key","generation":"abcdefgh-1","files":[' +
    '{"name":"a.txt","bytes":3,"in":"abcdefgh-1-0-a.txt"},' +
    '{"name":"metadata.json","bytes":2,"in":"metadata.json"}]},',
    '"metadata.json":{}',
    "}",
    "",
  ]);
  assertEquals(Object.keys(JSON.parse(text)), ["sha256", "entry", "metadata.json"]);
});

Deno.test("a record gives back what it was made of", () => {
  const { key, generation, files, inlined } = decodeRecord(encodeRecord(RECORD))!;
  assertEquals(files.map(({ name, bytes }) => ({ name, bytes })), RECORD.files);
  assertEquals({ key, generation, inlined }, { key: "key", generation: "abcdefgh-1", inlined });
  assertEquals(inlined, RECORD.inlined);
  assertEquals(decodeRecord(encodeRecord({ ...RECORD, inlined: undefined }))?.inlined, undefined);
});

Deno.test("a record with a good digest that says anything unfit is none", () => {
  const good = new TextDecoder().decode(encodeRecord(RECORD)).split("\n").slice(1).join("\n");
  assert(decodeRecord(sealed(good)));
  const changes: [string, string][] = [
    ...[["1,", "2,"], ['"key":"key"', '"key":1'], ["abcdefgh-1", "abcdefgh-2"]] as const,
    ...[["abcdefgh-1-0-a.txt", "../../a.txt"], ["abcdefgh-1-0-a.txt", "metadata.json"]] as const,
    ...[['"name":"a.txt"', '"name":"../a.txt"'], ['"bytes":3', '"bytes":-1']] as const,
    ...[['"bytes":3', '"bytes":1e99'], ['"bytes":3', '"bytes":"3"'], [
      '"bytes":2',
      '"bytes":3',
    ]] as const,
    ...[["[{", "[null,{"], ['"files":[', '"files":[['], ['"entry"', '"other"'], [
      "{}\n}",
      "{}}",
    ]] as const,
    ...[["{}\n}\n", "{}\n}\n "], ["\n", ""], ['"metadata.json":{}', '"metadata":{}']] as const,
    ...[['abcdefgh-1","files', '../defgh-1","files'], [
      '"in":"metadata.json"',
      '"in":"x"',
    ]] as const,
    ...[[
      '"a.txt","bytes":3,"in":"abcdefgh-1-0-a.txt"',
      '"metadata.json","bytes":2,"in":"metadata.json"',
    ]] as const,
  ].map(([from, to]) => [from, to]);
  for (const [from, to] of changes) {
    assert(good.includes(from), from);
    assertEquals(decodeRecord(sealed(good.replace(from, to))), undefined, `${from} -> ${to}`);
  }
  for (const text of ["", "\n", "}\n", "null", good.slice(0, -1), `${"[".repeat(1e5)}\n}`]) {
    assertEquals(decodeRecord(sealed(text)), undefined);
  }
  assertEquals(decodeRecord(new Uint8Array()), undefined);
});

Deno.test("the generation is found in a damaged record, where it is still there", () => {
  const bytes = encodeRecord(RECORD);
  bytes[5]! ^= 1;
  assertEquals(generationIn(bytes), "abcdefgh-1");
  assertEquals(generationIn(bytes.subarray(0, 90)), undefined);
  assertEquals(generationIn(new Uint8Array()), undefined);
});

Deno.test("every flipped bit of a record makes the entry a miss", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  await save(storage, "Key", FILES);
  const path = `${place.dir}/Key~b/metadata.json`;
  const good = Deno.readFileSync(path);
  for (let bit = 0; bit < 8 * good.length; bit++) {
    const bad = good.slice();
    bad[bit >> 3]! ^= 1 << (bit & 7);
    Deno.writeFileSync(path, bad);
    assert(!await storage.exists("Key"), `Bit ${bit} was not missed by exists`);
    assertEquals(await storage.open("Key"), undefined, `Bit ${bit} was not missed by open`);
  }
  Deno.writeFileSync(path, good);
  assertEquals(await textsOf(storage, "Key"), FILES);
});

Deno.test("a record that is cut off, longer, empty or another entry's is a miss", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  await save(storage, "key", FILES);
  await save(storage, "other", FILES);
  const path = `${place.dir}/key/metadata.json`;
  const good = Deno.readTextFileSync(path);
  const bad = Array.from(good, (_, end) => good.slice(0, end));
  const others = [
    `${good}\n`,
    `${good} `,
    good.replaceAll("\n", "\r\n"),
    "{}",
    "null",
    "\0".repeat(500),
  ];
  for (
    const text of [...bad, ...others, Deno.readTextFileSync(`${place.dir}/other/metadata.json`)]
  ) {
    Deno.writeTextFileSync(path, text);
    assert(!await storage.exists("key"));
    assertEquals(await storage.open("key"), undefined);
    assertEquals(await storage.existsMany(["key"]), new Set());
  }
});

Deno.test("a data file that is missing, cut off, longer or a folder is a miss", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  await save(storage, "key", FILES);
  const folder = `${place.dir}/key`;
  const data = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith("-result.txt"))!;
  const path = `${folder}/${data.name}`;
  for (
    const spoil of [
      () => Deno.writeTextFileSync(path, "the resul"),
      () => Deno.writeTextFileSync(path, "the result."),
      () => Deno.writeTextFileSync(path, ""),
      () => Deno.removeSync(path),
      () => Deno.mkdirSync(path),
    ]
  ) {
    spoil();
    assert(!await storage.exists("key"));
    assertEquals(await storage.open("key"), undefined);
  }
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "THE RESULT");
  assert(await storage.exists("key"), "What the files hold is for the cache to check");
});

Deno.test("a torn entry is replaced by the next save, and deleted, with nothing left", async () => {
  await using place = await scratch();
  const storage = new LocalStorage({ dir: place.dir, gitignore: false });
  const path = `${place.dir}/key/metadata.json`;
  const tear = () => Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replace("{}", "[]"));
  await save(storage, "key", { "a.txt": "1", "metadata.json": "{}" });
  tear();
  await save(storage, "key", { "a.txt": "2", "metadata.json": "{}" });
  assertEquals(await textsOf(storage, "key"), { "a.txt": "2", "metadata.json": "{}" });
  assertEquals([...Deno.readDirSync(`${place.dir}/key`)].length, 2);
  tear();
  assert(!await storage.exists("key"));
  assertEquals(await storage.delete("key"), true);
  await storage[Symbol.asyncDispose]();
  assertEquals([...Deno.readDirSync(place.dir)], []);
});

Deno.test("an entry whose data file shrinks after it was opened is refused, not misread", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  await save(storage, "key", { "result.txt": "the result" });
  const entry = await openThere(storage, "key");
  const folder = `${place.dir}/key`;
  const data = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith("-result.txt"))!;
  Deno.writeTextFileSync(`${folder}/${data.name}`, "the");
  for (const read of [() => entry.read("result.txt"), () => streamed()]) {
    const error = await read().then(() => undefined, (error: Error) => error);
    assertEquals(error?.name, "StorageError");
  }

  async function streamed() {
    return await new Response(await entry.stream("result.txt")).bytes();
  }
});

Deno.test("a file too large for memory is refused by read, not by the system", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  Deno.mkdirSync(`${place.dir}/key`);
  const bytes = 2 ** 43;
  const files = [{ name: "a.bin", bytes }];
  const record = encodeRecord({ key: "key", generation: "abcdefgh-1", files });
  Deno.writeFileSync(`${place.dir}/key/metadata.json`, record);
  Deno.writeFileSync(`${place.dir}/key/abcdefgh-1-0-a.bin`, new Uint8Array());
  assertEquals(await storage.exists("key"), false);
  try {
    Deno.truncateSync(`${place.dir}/key/abcdefgh-1-0-a.bin`, bytes);
  } catch {
    return console.log("skipped: this file system has no files of 8 TiB");
  }
  const entry = await openThere(storage, "key");
  assertEquals(entry.files.get("a.bin"), bytes);
  const error = await rejection(entry.read("a.bin"));
  assertInstanceOf(error, StorageError);
  const reader = (await entry.stream("a.bin")).getReader();
  assert((await reader.read()).value?.length);
  await reader.cancel();
});

function sealed(text: string): Uint8Array<ArrayBuffer> {
  return bytesOf(`{"sha256":"${sha256Hex(text)}",\n${text}`);
}
