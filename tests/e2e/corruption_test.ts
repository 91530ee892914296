import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MemoryStorage, type Storage } from "@labtech/lab/storages";
import { type Lab, type Runner, runners } from "@labtech/lab";
import { quietLab, RUNNERS } from "./_lab.ts";
import { linesOf, scratch } from "./_scratch.ts";
import { Failing, FreshSum, Leaf, Sum } from "./tasks/numbers.ts";

type Damage = (folder: string, data: string) => void;

/** What may befall an entry; those that leave it looking whole are told of in a warning. */
const DAMAGES: Record<string, { readonly seen: boolean; readonly damage: Damage }> = {
  "a bit of its data flips": { seen: true, damage: (_, data) => flip(data, 3) },
  "its data is another entry's of the same size": {
    seen: true,
    damage: (_, data) => Deno.writeFileSync(data, new Uint8Array(Deno.statSync(data).size)),
  },
  "its data is cut": { seen: false, damage: (_, data) => Deno.truncateSync(data, 3) },
  "its data is emptied": { seen: false, damage: (_, data) => Deno.truncateSync(data) },
  "its data is gone": { seen: false, damage: (_, data) => Deno.removeSync(data) },
  "a bit of its record flips": {
    seen: false,
    damage: (folder) => flip(`${folder}/metadata.json`, 200),
  },
  "its record is cut": {
    seen: false,
    damage: (folder) => Deno.truncateSync(`${folder}/metadata.json`, 300),
  },
  "its record is another's": {
    seen: false,
    damage: (folder) => Deno.writeTextFileSync(`${folder}/metadata.json`, '{"key":"x"}'),
  },
  "its record is gone": {
    seen: false,
    damage: (folder) => Deno.removeSync(`${folder}/metadata.json`),
  },
  "its folder is emptied": {
    seen: false,
    damage: (folder) => {
      Deno.removeSync(folder, { recursive: true });
      Deno.mkdirSync(folder);
    },
  },
};

for (const runner of RUNNERS) {
  for (const victim of ["Sum", "Leaf"]) {
    Deno.test(`${runner}: where an entry is damaged, of a ${victim === "Sum" ? "task asked for" : "dependency"}, it is made again`, async (t) => {
      await using shared = runners.create(runner);
      for (const [what, { seen, damage }] of Object.entries(DAMAGES)) {
        await t.step(what, () => surviving(shared, victim, seen, damage));
      }
    });
  }
}

async function surviving(runner: Runner, victim: string, seen: boolean, damage: Damage) {
  await using place = await scratch();
  const [storage, trace] = [place.path("results"), place.path("trace")];
  const sum = () => Sum({ of: [Leaf({ n: 20 }), Leaf({ n: 22 })] });
  {
    await using lab = quietLab({ runner, storage, maxWorkers: 2 });
    await lab.runTask(sum());
    if (victim === "Leaf") await lab.uncacheTasks([sum()]);
  }
  for (const folder of foldersOf(storage, victim)) {
    const data = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith("result.cbor"));
    damage(folder, `${folder}/${data!.name}`);
  }
  await using lab = quietLab({ runner, storage, maxWorkers: 2, context: { trace } });
  const results = await lab.runTasks([sum()]);
  assertEquals([...results.values()], [42]);
  const ran = victim === "Sum" ? 1 : 3;
  assertEquals(results.summary.run, ran);
  assertEquals(linesOf(trace).length, ran);
  const warnings = lab.lines.filter((line) => line.includes("cannot be read"));
  assertEquals(warnings.length, seen ? (victim === "Sum" ? 1 : 2) : 0, lab.lines.join("\n"));
  assertEquals(lab.lines.length, warnings.length);
  for (const { id } of await lab.cachedTasks()) assertMatch(id, /^(Sum|Leaf)__/);

  await using after = quietLab({ runner, storage, maxWorkers: 2 });
  const { summary } = await after.runTasks([sum(), Leaf({ n: 20 }), Leaf({ n: 22 })]);
  assertEquals(summary.run, 0, "what was made again is whole");
}

Deno.test("a whole entry under a wrong key, or of another cache, is no result", async () => {
  const storage = new MemoryStorage();
  await using structured = quietLab({ runner: "serial", storage });
  await using json = quietLab({ runner: "serial", storage, cache: "json" });
  const [one, two] = [Leaf({ n: 1 }), Leaf({ n: 2 })];
  await structured.runTask(one);
  await json.runTask(two);
  await copy(storage, await structured.keyOf(one), await structured.keyOf(two));
  assertEquals(await structured.isCached(two), false);
  assertEquals(await structured.runTask(Leaf({ n: 2 })), 2);
  await copy(storage, await json.keyOf(two), await structured.keyOf(two));
  assertEquals(await structured.isCached(two), false);
  assertEquals(await structured.runTask(Leaf({ n: 2 })), 2);
  assertEquals(structured.lines.length, 2);
});

Deno.test("torn, foreign and unknown entries never break cachedTasks; one warning counts them", async () => {
  await using place = await scratch();
  const dir = place.path("results");
  await using lab = quietLab({ runner: "serial", storage: dir });
  const tasks = Array.from({ length: 6 }, (_, n) => Sum({ of: [Leaf({ n })] }));
  await lab.runTasks(tasks);
  const { storage } = lab;
  const keys = await Promise.all(tasks.map((task) => lab.keyOf(task)));
  await copy(storage!, keys[0]!, keys[1]!); // an entry that is another's
  await rewrite(storage!, keys[2]!, (json) => json.replace('"Sum"', '"Suq"')); // a type that is none
  await rewrite(storage!, keys[3]!, (json) => json.replaceAll('"Leaf"', '"Laef"')); // a nested one
  await rewrite(storage!, keys[4]!, () => "{"); // no metadata
  Deno.mkdirSync(`${dir}/structured__Sum__${"0".repeat(40)}`); // an empty folder is no entry
  Deno.writeTextFileSync(`${dir}/structured__Leaf__${"1".repeat(40)}`, "a file");
  await put(storage!, `structured__Sum__${"2".repeat(40)}`, { "other.txt": "?" });
  await put(storage!, "something_else", { "other.txt": "?" });

  const { found, warnings } = await listing(lab);
  assertEquals(new Set(found.map(({ id }) => id)), new Set([tasks[0]!.id, tasks[5]!.id]));
  assertEquals(warnings.length, 1);
  assertMatch(warnings[0]!, /^5 entries of the storage were passed over: torn, foreign/);
  await lab.runTasks(tasks, { bustCache: true });
  assertEquals((await listing(lab)).found.length, 6);
});

Deno.test("nothing that a storage names is imported, evaluated, or used as a path", async () => {
  await using place = await scratch();
  const trap = place.path("trap.ts");
  const sprung = place.path("sprung");
  Deno.writeTextFileSync(trap, `Deno.writeTextFileSync(${JSON.stringify(sprung)}, "");`);
  await using lab = quietLab({ runner: "serial", storage: place.path("results") });
  const task = Sum({ of: [Leaf({ n: 1 })] });
  await lab.runTask(task);
  const key = await lab.keyOf(task);
  const url = new URL(`file://${trap}`).href;
  for (const name of [url, trap, "../trap", "constructor", "__proto__", "toString"]) {
    for (const victim of ["Sum", "Leaf"]) {
      await rewrite(
        lab.storage!,
        key,
        (json) => json.replaceAll(`"${victim}"`, JSON.stringify(name)),
      );
      assertEquals((await listing(lab)).found.length, 0);
      await lab.runTask(Sum({ of: [Leaf({ n: 1 })] }), { bustCache: true });
    }
  }
  await rewrite(
    lab.storage!,
    key,
    (json) => json.replace('"params": {', `"params": { "$import": "${url}", `),
  );
  assertEquals((await listing(lab)).found.length, 0);
  assertEquals(linesOf(sprung).length, 0);
  assert(![...Deno.readDirSync(place.dir)].some(({ name }) => name === "sprung"));
});

Deno.test("a storage that cannot be read at all is an error, not a miss", async () => {
  class Broken extends MemoryStorage {
    override open(): never {
      throw new Deno.errors.BadResource("the cable is out");
    }
  }
  await using lab = quietLab({ runner: "serial", storage: new Broken() });
  let message = "";
  await lab.runTask(FreshSum({ of: [Leaf({ n: 1 })] })).catch((error) => message = String(error));
  assertEquals(message, ""); // nothing was to be read
  await lab.runTask(Leaf({ n: 1 })).catch((error) => message = String(error));
  assertStringIncludes(message, "the cable is out");
  await lab.runTask(Failing({ why: "x" })).catch((error) => message = String(error));
  assertStringIncludes(message, "the cable is out");
});

async function listing(lab: Lab) {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (text) => warnings.push(text);
  try {
    return { found: await lab.cachedTasks([Sum]), warnings };
  } finally {
    console.warn = warn;
  }
}

function foldersOf(storage: string, type: string): string[] {
  const names = Array.from(Deno.readDirSync(storage), ({ name }) => name);
  const folders = names.filter((name) => name.startsWith(`structured__${type}__`));
  assert(folders.length > 0);
  return folders.map((name) => `${storage}/${name}`);
}

function flip(path: string, at: number): void {
  const bytes = Deno.readFileSync(path);
  bytes[at % bytes.length]! ^= 1;
  Deno.writeFileSync(path, bytes);
}

async function put(storage: Storage, key: string, files: Record<string, string | Uint8Array>) {
  await using draft = await storage.create(key);
  for (const [file, data] of Object.entries(files)) {
    await draft.write(file, typeof data === "string" ? new TextEncoder().encode(data) : data);
  }
  await draft.commit();
}

async function filesOf(storage: Storage, key: string): Promise<Record<string, Uint8Array>> {
  const entry = (await storage.open(key))!;
  const files: Record<string, Uint8Array> = {};
  for (const file of entry.files.keys()) files[file] = await entry.read(file);
  return files;
}

async function copy(storage: Storage, from: string, to: string): Promise<void> {
  await put(storage, to, await filesOf(storage, from));
}

async function rewrite(storage: Storage, key: string, change: (json: string) => string) {
  const files = await filesOf(storage, key);
  const json = new TextDecoder().decode(files["metadata.json"]);
  await put(storage, key, { ...files, "metadata.json": change(json) });
}
