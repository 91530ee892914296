/**
 * Runs the whole contract of the storages on the disk, and Labs on them with each cache, in the directory
 * that it is given; it may touch nothing else.
 */
import { assertEquals } from "@std/assert";
import { Lab, task } from "../../mod.ts";
import { LocalStorage, SqliteStorage } from "../../storages/mod.ts";
import { storageContract } from "../../testing/mod.ts";

const dir = Deno.args[0]!;
const tests: [string, () => Promise<void>][] = [];
const test = (name: string, run: () => Promise<void>) => void tests.push([name, run]);
let made = 0;

const Part = task(null, { name: "Part", run: ({ n }: { readonly n: number }) => `part ${n}` });
const Whole = task(null, {
  name: "Whole",
  run: ({ parts }: { readonly parts: readonly ReturnType<typeof Part>[] }) =>
    parts.map(({ result }) => result).join(),
});

for (const durability of ["auto"] as const) {
  const options = () => ({ dir: `${dir}/${made++}`, durability });
  storageContract({
    name: `LocalStorage, ${durability} durable`,
    make: () => new LocalStorage(options()),
    again: (storage) => new LocalStorage({ dir: storage.dir, durability }),
    test,
  });
  storageContract({
    name: `SqliteStorage, ${durability} durable`,
    make: () => new SqliteStorage({ file: `${dir}/${made++}.db`, durability }),
    again: (storage) => new SqliteStorage({ file: storage.file, durability }),
    test,
  });
}
for (const cache of ["structured", "json", "bytes", "v8"]) {
  for (const runner of ["serial", "async"]) {
    for (const type of ["local", "sqlite"]) {
      test(`a Lab: ${cache}, ${runner}, ${type}`, () => runLab(cache, runner, type));
    }
  }
}

async function runLab(cache: string, runner: string, type: string): Promise<void> {
  const place = `${dir}/${made++}/deep`;
  const storage = type === "local" ? { type, dir: place } : { type, file: `${place}/r.db` };
  for (const expected of [9, 0]) {
    await using lab = new Lab({ storage, cache, runner, progress: false });
    const parts = Array.from({ length: 8 }, (_, n) => Part({ n }));
    const results = await lab.runTasks([...parts, Whole({ parts })]);
    assertEquals(results.summary.run, expected);
    assertEquals((await lab.cachedTasks()).length, 9);
    assertEquals(await lab.uncacheTasks(expected === 0 ? parts : []), expected === 0 ? 8 : 0);
  }
}

for (const [name, run] of tests) {
  try {
    await run();
  } catch (cause) {
    throw new Error(name, { cause });
  }
}
console.log(`${tests.length} passed`);
