import { assert, assertEquals } from "@std/assert";
import { dirname } from "@std/path/dirname";
import { S3Storage } from "../../storages/s3.ts";
import { keysOf, noise, openThere, save, textsOf } from "../../testing/_storage_scene.ts";
import type { Leftover } from "../../storages/mod.ts";
import { S3Server, testWithS3 } from "../servers/versitygw.ts";

const MIB = 2 ** 20;

/** Gives what is found at once, whoever may still write. */
async function leftoversOf(storage: S3Storage): Promise<Leftover[]> {
  const found = await Array.fromAsync(storage.findLeftovers({ grace: 0 }));
  return found.sort((one, other) => one.place < other.place ? -1 : 1);
}

/** Registers a test with a storage under a prefix of a bucket. */
function testIt(
  name: string,
  run: (scene: { storage: S3Storage; again: () => S3Storage; dir: string }) => Promise<void>,
): void {
  testWithS3(`S3Storage: ${name}`, async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await S3Server.start());
    const options = { ...server.bucket(), prefix: "team/results" };
    const again = () => stack.use(new S3Storage(options));
    const dir = `${server.dir}/${options.bucket}/team/results`;
    await run({ storage: again(), again, dir });
  });
}

testIt("the data of a draft that died is found after its time of grace, and removed", async ({
  storage,
  again,
}) => {
  await save(storage, "other", { large: noise(MIB) });
  const draft = await storage.create("key");
  await draft.write("large", noise(MIB));
  const abort = new AbortController();
  const hanging = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(20 * MIB)),
  });
  const writing = draft.write("hanging", hanging, { signal: abort.signal }).catch(() => {});
  const later = again();
  assertEquals(await Array.fromAsync(later.findLeftovers()), []);
  let found = await leftoversOf(later);
  while (found[0]!.bytes < 17 * MIB) found = await leftoversOf(later);
  assertEquals(found.map(({ kind, bytes }) => ({ kind, bytes })), [
    { kind: "draft", bytes: 17 * MIB },
  ]);
  assert(found[0]!.place.startsWith("s3://bucket-1/team/results/data/key/"));
  assert(Date.now() - found[0]!.since!.getTime() < 60_000);
  assertEquals(await found[0]!.remove(), true);
  assertEquals(await leftoversOf(later), []);
  abort.abort();
  await writing;
  await draft[Symbol.asyncDispose]();
  assertEquals(await keysOf(later), ["other"]);
  assertEquals(await (await openThere(later, "other")).read("large"), noise(MIB));
});

testIt("a leftover that became an entry meanwhile, or is written to, stays", async ({
  storage,
  again,
}) => {
  const later = again();
  {
    await using draft = await storage.create("key");
    await draft.write("large", noise(MIB));
    const [first] = await leftoversOf(later);
    await draft.write("more", noise(MIB));
    assertEquals(await first!.remove(), false);
    const [second] = await leftoversOf(later);
    await draft.commit();
    assertEquals(await second!.remove(), false);
  }
  assertEquals(await leftoversOf(later), []);
  const entry = await openThere(later, "key");
  assertEquals(await entry.read("large"), noise(MIB));
  assertEquals(await entry.read("more"), noise(MIB));
});

testIt("data that is older than the entry of its key is of a replaced one", async ({
  storage,
  again,
  dir,
}) => {
  const dead = await storage.create("key");
  await dead.write("large", noise(MIB));
  await new Promise((resolve) => setTimeout(resolve, 1100)); // times are in seconds
  await save(again(), "key", { "a.txt": "a" });
  const [leftover, ...others] = await leftoversOf(storage);
  assertEquals([leftover!.kind, leftover!.bytes, others], ["replaced", MIB, []]);
  assertEquals(await leftover!.remove(), true);
  assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["entries"]);
  await dead[Symbol.asyncDispose]();
});

testIt("an entry that is set aside keeps its data until it is removed", async ({
  storage,
  dir,
}) => {
  await save(storage, "key", { "a.txt": "a", large: noise(MIB) });
  const { version } = await openThere(storage, "key");
  const place = `s3://bucket-1/team/results/aside/key/${version}`;
  assertEquals(await storage.setAside("key"), place);
  await save(storage, "key", { "a.txt": "new" });
  const [leftover, ...others] = await Array.fromAsync(storage.findLeftovers());
  assertEquals([leftover!.kind, leftover!.place, others], ["aside", place, []]);
  assert(leftover!.bytes > MIB);
  assertEquals(Deno.statSync(`${dir}/data/key/${version}/1-large`).size, MIB);
  assertEquals(await leftover!.remove(), true);
  assertEquals(await leftoversOf(storage), []);
  assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["entries"]);
  assertEquals(await textsOf(storage, "key"), { "a.txt": "new" });
});

testIt("one that died while it set an entry aside took nothing of it", async ({
  storage,
  dir,
}) => {
  await save(storage, "key", { large: noise(MIB) });
  const { version } = await openThere(storage, "key");
  const record = Deno.readFileSync(`${dir}/entries/key`);
  await storage.setAside("key");
  Deno.mkdirSync(`${dir}/entries`, { recursive: true });
  Deno.writeFileSync(`${dir}/entries/key`, record);
  for await (const leftover of storage.findLeftovers()) await leftover.remove();
  const entry = await openThere(storage, "key");
  assertEquals(entry.version, version);
  assertEquals(await entry.read("large"), noise(MIB));
});

testIt("what others put under the prefix is told as foreign; what lies beside it is not", async ({
  storage,
  dir,
}) => {
  await save(storage, "key", { "a.txt": "a", large: noise(MIB) });
  const names = [
    "notes.txt",
    "entries/a b",
    "entries/deep/er",
    "data/key/x/0-a",
    "data/stray",
    "aside/key/short",
  ];
  for (const name of names) {
    Deno.mkdirSync(dirname(`${dir}/${name}`), { recursive: true });
    Deno.writeTextFileSync(`${dir}/${name}`, "mine");
  }
  Deno.writeTextFileSync(`${dir}/../beside.txt`, "mine");
  const found = await leftoversOf(storage);
  assertEquals(found.map(({ kind, bytes, place }) => ({ kind, bytes, place })), [
    ...names.toSorted().map((name) => ({
      kind: "foreign" as const,
      bytes: 4,
      place: `s3://bucket-1/team/results/${name}`,
    })),
  ]);
  assertEquals(await keysOf(storage), ["key"]);
});
