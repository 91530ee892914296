/** Runs the whole contract in the directory that it is given, and may touch nothing else. */
import { LocalStorage } from "../../storages/mod.ts";
import { storageContract } from "../../testing/mod.ts";

const [dir] = Deno.args;
const tests: [string, () => Promise<void>][] = [];
let made = 0;
for (const durability of ["auto", "always"] as const) {
  storageContract({
    name: `LocalStorage, ${durability} durable`,
    make: () => new LocalStorage({ dir: `${dir}/${made++}`, durability }),
    again: (storage) => new LocalStorage({ dir: storage.dir, durability }),
    test: (name, run) => tests.push([name, run]),
  });
}
for (const [name, run] of tests) {
  try {
    await run();
  } catch (cause) {
    throw new Error(name, { cause });
  }
}
console.log(`${tests.length} passed`);
