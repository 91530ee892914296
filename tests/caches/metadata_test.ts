import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Task, task, VERSION } from "@labtech/lab";
import { JsonCache } from "@labtech/lab/caches";
import { MemoryStorage } from "@labtech/lab/storages";
import { decodeMetadata, encodeMetadata, type EntryMetadata } from "../../caches/metadata.ts";
import { KEY, resultWith, SOME } from "./_saving.ts";

const Leaf = task(null, { name: "Leaf", codeVersion: "2", run: ({ n }: { n: number }) => n });
const Root = task(null, {
  name: "Root",
  run: (_: { of: Task<number>[]; when: Date; not: number; key$: string; $key: bigint }) => 0,
});

async function metadataOf(task: Task, value: unknown = { a: 1 }): Promise<EntryMetadata> {
  const storage = new MemoryStorage();
  await new JsonCache({ indent: 0 }).save(storage, KEY, task, resultWith(value, 250.5));
  const entry = (await storage.open(KEY))!;
  return JSON.parse(new TextDecoder().decode(await entry.read("metadata.json")));
}

Deno.test("metadata.json says what the entry is, when it was made, on what, and of which files", async () => {
  const { environment, files, ...rest } = await metadataOf(SOME);
  assertEquals(rest, {
    key: KEY,
    cache: { name: "json", version: 1 },
    task: { id: SOME.id, tasks: { [SOME.id]: { name: "Some", params: {} } } },
    start: "1970-01-01T00:00:00.000Z",
    duration: 250.5,
  });
  assertEquals(environment.labtech, VERSION);
  assertEquals(environment.deno, Deno.version.deno);
  assertEquals(environment.target, Deno.build.target);
  assertMatch(environment.host ?? "0".repeat(16), /^[0-9a-f]{16}$/);
  assertMatch(environment.commit ?? "0".repeat(40), /^[0-9a-f]{40,64}$/);
  assertEquals(files, {
    "result.json": {
      bytes: 8,
      // printf '{"a":1}\n' | sha256sum
      sha256: "e346432021b04179518d9614f3560ccd71354a4ee101ddcb893d6959a9d6301c",
    },
  });
});

Deno.test("each nested task stands once in the table of tasks, by id", async () => {
  const [one, two] = [Leaf({ n: 1 }), Leaf({ n: -0 })];
  const params = {
    of: [one, two, one, Leaf({ n: 1 })],
    when: new Date(5),
    not: NaN,
    key$: "a",
    $key: 3n,
  };
  const root = Root(params);
  const { task: table } = await metadataOf(root);
  assertEquals(table.id, root.id);
  assertEquals(table.tasks, {
    [root.id]: {
      name: "Root",
      params: {
        of: [{ $task: one.id }, { $task: two.id }, { $task: one.id }, { $task: one.id }],
        when: { $date: 5 },
        not: { $number: "NaN" },
        key$: "a",
        $$key: { $bigint: "3" },
      },
    },
    [one.id]: { name: "Leaf", codeVersion: "2", params: { n: 1 } },
    [two.id]: { name: "Leaf", codeVersion: "2", params: { n: { $number: "-0" } } },
  });
});

Deno.test("what is written is read back the same; anything else is none", async () => {
  const metadata = await metadataOf(SOME);
  assertEquals(decodeMetadata(encodeMetadata(metadata)), metadata);
  const changed = (change: object) =>
    decodeMetadata(new TextEncoder().encode(JSON.stringify({ ...metadata, ...change })));
  assert(changed({ more: "of a later version" }));
  const accepted = {
    type: "Some",
    from: null,
    to: "v2",
    why: "tidy",
    at: "2026-11-23T00:00:00.000Z",
  };
  const migrated = { key: "a", id: "b", task: "c", at: "2026-11-23T00:00:00.000Z" };
  assert(changed({ accepted: [accepted], migrated: [migrated, migrated] }));
  for (
    const change of [
      { key: 1 },
      { cache: "json" },
      { cache: { name: "json" } },
      { task: null },
      { task: { id: 1, tasks: {} } },
      { task: { id: "x", tasks: [] } },
      { start: "yesterday" },
      { start: 0 },
      { duration: "1" },
      { duration: null },
      { files: [] },
      { files: { "a": 1 } },
      { files: { "a": { bytes: "1", sha256: "" } } },
      { accepted },
      { accepted: [null] },
      { accepted: [{ ...accepted, from: 1 }] },
      { accepted: [{ ...accepted, to: undefined }] },
      { accepted: [{ ...accepted, why: {} }] },
      { migrated },
      { migrated: [5] },
      { migrated: [{ ...migrated, task: null }] },
    ]
  ) assertEquals(changed(change), undefined, JSON.stringify(change));
  for (const text of ["", "{", "null", "[]", "1", '"text"']) {
    assertEquals(decodeMetadata(new TextEncoder().encode(text)), undefined, text);
  }
  assertEquals(decodeMetadata(new Uint8Array([0xff, 0xfe])), undefined);
});

Deno.test("no secret of the context reaches the metadata", async () => {
  const text = JSON.stringify(await metadataOf(SOME));
  for (const word of ["context", Deno.cwd()]) assert(!text.includes(word), word);
});
