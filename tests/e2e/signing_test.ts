import { Lab, type Runner, runners, type Task } from "@labtech/lab";
import { generateKey, SIGNATURE_FILE } from "@labtech/lab/signing";
import type { Storage } from "@labtech/lab/storages";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { filesOf, flipped, put, STORAGES } from "../_signed_entries.ts";
import { quietLab, recorder, RUNNERS } from "./_lab.ts";
import { linesOf, scratch } from "./_scratch.ts";
import { Joined, ReadBack, Streamed, TEXTS } from "./tasks/signed.ts";

const [ours, theirs] = await Promise.all([generateKey(), generateKey()]);
const texts = () => Object.values(TEXTS).map((type) => type({ n: 1 }) as Task<string>);
const joined = () => Joined({ of: texts() });
const TEXT = "structured 1, json 1, bytes 1, v8 1";

/** What whoever may write to the storage does to an entry; and whether it is looked at when it is planned. */
const DEEDS: Record<string, (storage: Storage, lab: Lab, task: Task) => Promise<void>> = {
  async "its signature is taken away"(storage, lab, task) {
    const key = await lab.keyOf(task);
    const files = await filesOf(storage, key);
    await put(storage, key, [...files].filter(([name]) => name !== SIGNATURE_FILE));
  },
  async "a bit of its data is flipped"(storage, lab, task) {
    const key = await lab.keyOf(task);
    const files = await filesOf(storage, key);
    const [file, bytes] = [...files].find(([name]) => name.startsWith("result."))!;
    await put(storage, key, files.set(file, flipped(bytes, 8 * (bytes.length - 1))));
  },
  async "it is made by another Lab, whose key is not trusted"(storage, lab, task) {
    await lab.uncacheTasks([task]);
    await using other = quietLab({
      storage,
      runner: "serial",
      signing: { key: theirs.privateKey, trust: [ours.publicKey] },
    });
    await other.runTask(task);
  },
  async "it is made by a Lab that does not sign"(storage, lab, task) {
    await lab.uncacheTasks([task]);
    await using other = quietLab({ storage, runner: "serial" });
    await other.runTask(task);
  },
};

for (const runner of RUNNERS) {
  for (const [name, make] of Object.entries(STORAGES)) {
    Deno.test(`${runner}, ${name}: what is not trusted is made again, by each cache, and counted once`, async () => {
      await using shared = runners.create(runner);
      for (const deed of Object.values(DEEDS)) {
        for (const victims of ["asked for", "dependencies"] as const) {
          await using place = await scratch();
          await using storage = make(place.dir);
          await tried(shared, storage, place.path("trace"), deed, victims);
        }
      }
    });
  }
}

async function tried(
  runner: Runner,
  storage: Storage,
  trace: string,
  deed: (storage: Storage, lab: Lab, task: Task) => Promise<void>,
  victims: "asked for" | "dependencies",
): Promise<void> {
  const make = () =>
    quietLab({
      runner,
      storage,
      maxWorkers: 2,
      context: { trace },
      signing: { key: ours.privateKey },
    });
  {
    await using lab = make();
    const { summary } = await lab.runTasks([joined()]);
    assertEquals([summary.run, summary.untrusted], [5, 0]);
    if (victims === "dependencies") await lab.uncacheTasks([joined()]);
    for (const task of victims === "dependencies" ? texts() : [joined()]) {
      await deed(storage, lab, task);
    }
  }
  const before = linesOf(trace).length;
  await using lab = make();
  const results = await lab.runTasks([joined()]);
  assertEquals([...results.values()], [TEXT]);
  const count = victims === "dependencies" ? 4 : 1;
  assertEquals(results.summary.untrusted, count);
  assertEquals(linesOf(trace).length - before, victims === "dependencies" ? 5 : 1);
  const told = lab.lines.filter((line) => line.includes("not trusted"));
  assertEquals(told.length, 1, lab.lines.join("\n"));
  assertEquals(lab.lines.length, 1, lab.lines.join("\n"));

  await using after = make();
  const { summary } = await after.runTasks([joined(), ...texts()]);
  assertEquals([summary.run, summary.untrusted], [0, 0]);
  assertEquals((await after.cachedTasks()).length, 5);
}

// Children have no key, and a stream cannot be handed to the Lab, which has it.
for (const runner of (RUNNERS as readonly string[]).filter((each) => each !== "processes")) {
  Deno.test(`${runner}: streams are signed too, and one that was altered ends with an error or is made again`, async () => {
    await using place = await scratch();
    await using storage = STORAGES.local!(place.dir);
    const make = () =>
      quietLab({ runner, storage, maxWorkers: 2, signing: { key: ours.privateKey } });
    const of = Streamed({ text: "flows" });
    await using lab = make();
    assertEquals(await lab.runTask(ReadBack({ of })), "flows");
    const key = await lab.keyOf(of);
    const files = await filesOf(storage, key);
    const bytes = files.get("result.bin")!;
    await put(storage, key, new Map(files).set("result.bin", flipped(bytes, 3)));
    const stream = await lab.runTask(Streamed({ text: "flows" })) as ReadableStream<Uint8Array>;
    await assertRejects(() => new Response(stream).bytes(), Error, "not as it was saved");
    await put(storage, key, [...files].filter(([name]) => name !== SIGNATURE_FILE));
    const again = await lab.runTasks([Streamed({ text: "flows" })]);
    assertEquals([again.summary.run, again.summary.untrusted], [1, 1]);
  });
}

Deno.test("an entry that is not trusted is counted once, however many tasks and threads need it", async () => {
  await using place = await scratch();
  await using storage = STORAGES.local!(place.dir);
  const signing = { key: ours.privateKey };
  await using lab = quietLab({ runner: "workers", maxWorkers: 2, storage, signing });
  const one = texts()[0]!;
  await lab.runTask(one);
  await DEEDS["its signature is taken away"]!(storage, lab, one);
  const many = Array.from({ length: 16 }, (_, n) => Joined({ of: Array(n + 1).fill(one) }));
  const { summary } = await lab.runTasks(many);
  assertEquals([summary.untrusted, summary.failed], [1, 0]);
  assertEquals(lab.lines.filter((line) => line.includes("not trusted")).length, 1);
});

Deno.test("cachedTasks passes over what is not trusted, and counts it in its one warning", async () => {
  await using place = await scratch();
  await using storage = STORAGES.local!(place.dir);
  const signing = { key: ours.privateKey };
  await using lab = quietLab({ runner: "serial", storage, signing });
  await lab.runTasks([joined()]);
  const [one, two, three] = texts();
  await DEEDS["its signature is taken away"]!(storage, lab, one!);
  await DEEDS["it is made by another Lab, whose key is not trusted"]!(storage, lab, two!);
  const key = await lab.keyOf(three!);
  await put(storage, key, [["torn", new Uint8Array()]]);
  const { warn } = console;
  const said: string[] = [];
  console.warn = (text: string) => said.push(text);
  try {
    assertEquals((await lab.cachedTasks([Joined, ...Object.values(TEXTS)])).length, 2);
  } finally {
    console.warn = warn;
  }
  assertEquals(said, [
    "3 entries of the storage were passed over: 1 not signed, 1 signed by an unknown key; 1 torn, " +
    "foreign, or with nested tasks of types that the program does not define",
  ]);
});

Deno.test("a summary of a Lab without signing says nothing of trust", async () => {
  await using lab = quietLab({ runner: "serial", storage: { type: "memory" } });
  const { summary } = await lab.runTasks([joined()]);
  assert(!("untrusted" in summary));
});

Deno.test("a Lab signs and trusts as its configuration says, by paths relative to it", async () => {
  await using place = await scratch();
  await Deno.mkdir(place.path("keys"));
  await Deno.writeTextFile(place.path("keys/lab.key"), ours.privateKey, { mode: 0o600 });
  await Deno.writeTextFile(place.path("keys/team.keys"), `# team\n${theirs.publicKey} # them\n`);
  const config = {
    storage: "results",
    runner: "workers",
    maxWorkers: 2,
    signing: { key: { file: "keys/lab.key" }, trust: [{ file: "./keys/team.keys" }] },
    labs: {
      reader: { signing: { trust: [ours.publicKey] } },
      stranger: { signing: { trust: [theirs.publicKey] } },
    },
  };
  await Deno.writeTextFile(place.path("lab.json"), JSON.stringify(config));
  const { progress } = recorder();
  const open = (lab?: string) =>
    Lab.fromConfig(place.path("lab.json"), { lab, override: { progress } });
  {
    await using lab = await open();
    const { read = [] } = lab.permissions() as { read?: string[] };
    for (const file of ["keys/lab.key", "keys/team.keys", "lab.json"]) {
      assert(read.includes(place.path(file)), file);
    }
    assertEquals(await lab.runTask(joined()), TEXT);
  }
  await using reader = await open("reader");
  assertEquals((await reader.runTasks([joined()])).summary.cached, 1);
  await using stranger = await open("stranger");
  assertEquals(await stranger.isCached(joined()), false);
  await using theirLab = quietLab({
    storage: place.path("results"),
    runner: "serial",
    signing: { key: theirs.privateKey },
  });
  await theirLab.runTask(TEXTS.json!({ n: 7 }));
  await using lab = await open();
  assertEquals((await lab.runTasks([TEXTS.json!({ n: 7 })])).summary.cached, 1);
});

Deno.test("all that is wrong with signing in a configuration is told at once, and no key is shown", async () => {
  const secret = ours.privateKey.split("\n")[1]!;
  const config = {
    storage: null,
    maxWorkers: 0,
    signing: {
      key: secret,
      trust: ["ed25519:x", { file: "" }, { files: "x" }, ours.privateKey],
      more: secret,
    },
    labs: { a: { signing: secret }, b: { signing: { key: { pem: secret } } }, c: { signing: {} } },
  };
  const error = await assertRejects(() => Lab.fromConfig(config)) as Error & {
    mistakes: { path: string; message: string }[];
  };
  assert(!error.message.includes(secret.slice(0, 30)), error.message);
  assertEquals(error.mistakes.map(({ path }) => path).sort(), [
    "labs.a.signing",
    "labs.b.signing.key",
    "labs.c.signing",
    "maxWorkers",
    "signing.key",
    "signing.more",
    "signing.trust[0]",
    "signing.trust[1].file",
    "signing.trust[2]",
    "signing.trust[3]",
  ]);
});
