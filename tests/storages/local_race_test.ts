import { assert, assertEquals } from "@std/assert";
import { LocalStorage } from "../../storages/mod.ts";
import { textsOf } from "../../testing/_storage_scene.ts";
import type { RaceOrder } from "./_race_worker.ts";
import { clearUp, strangersIn } from "../faults/_leftovers.ts";
import { scratch } from "./_scratch.ts";

const ROUNDS = 300;

Deno.test("two threads that save one key leave one winner whole, and readers see nothing else", async () => {
  await using place = await scratch();
  const { seen, torn } = await race(place.dir, ["0", "1"]);
  assertEquals(torn, 0);
  console.log(`${ROUNDS} rounds, ${seen} entries seen, ${torn} torn`);
});

Deno.test("a thread that deletes the key meanwhile leaves whole entries or none", async () => {
  await using place = await scratch();
  const { seen, torn } = await race(place.dir, ["0", "1", "delete"]);
  assertEquals(torn, 0);
  console.log(`${ROUNDS} rounds, ${seen} entries seen, ${torn} torn`);
});

Deno.test("a thread that clears up meanwhile takes nothing of an entry, and leaves nothing of the rest", async () => {
  await using place = await scratch();
  const { seen, torn } = await race(place.dir, ["0", "1", "delete", "clear up"]);
  assertEquals(torn, 0);
  const storage = new LocalStorage(place.dir);
  await clearUp(storage);
  assertEquals(strangersIn(place.dir), []);
  console.log(`${ROUNDS} rounds, ${seen} entries seen, ${torn} torn`);
});

async function race(dir: string, tags: string[]): Promise<{ seen: number; torn: number }> {
  const arrived = new Int32Array(new SharedArrayBuffer(8 * ROUNDS));
  const storage = new LocalStorage(dir);
  let [seen, torn, running] = [0, 0, tags.length];
  const ends = tags.map((tag) => {
    const worker = new Worker(new URL("./_race_worker.ts", import.meta.url), { type: "module" });
    const order: RaceOrder = { dir, tag, rounds: ROUNDS, runners: tags.length, arrived };
    worker.postMessage(order);
    return new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve(void running--);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`The worker ${tag} failed: ${event.message}`));
      };
    }).finally(() => worker.terminate());
  });
  const reading = (async () => {
    while (running > 0) {
      const texts = await textsOf(storage, "Key");
      if (texts) seen++;
      if (texts && !isWhole(texts)) torn++;
      await new Promise((resolve) => setTimeout(resolve));
    }
  })();
  await Promise.all([...ends, reading]);
  const last = await textsOf(storage, "Key");
  assert(last === undefined || isWhole(last));
  return { seen, torn };
}

function isWhole(texts: Readonly<Record<string, string>>): boolean {
  const tag = texts["a.txt"];
  return texts["b.txt"] === tag && texts["metadata.json"] === `"${tag}"`;
}
