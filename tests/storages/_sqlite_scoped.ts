/** Runs the whole contract on the database file that it is given, and may touch nothing else. */
import { SqliteStorage } from "../../storages/mod.ts";
import { storageContract } from "../../testing/mod.ts";

const [file] = Deno.args;
const tests: [string, () => Promise<void>][] = [];
storageContract({
  name: "SqliteStorage",
  make: () => new SqliteStorage(file!),
  again: (storage) => new SqliteStorage(storage.file),
  remove: ({ file }) => Deno.remove(file).catch(ignoreAbsence),
  test: (name, run) => tests.push([name, run]),
});
function ignoreAbsence(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

for (const [name, run] of tests) {
  try {
    await run();
  } catch (cause) {
    throw new Error(name, { cause });
  }
}
console.log(`${tests.length} passed`);
