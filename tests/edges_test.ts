import { Lab, task } from "@labtech/lab";
import { BaseCache, JsonCache } from "@labtech/lab/caches";
import { caches } from "@labtech/lab/registry";
import { MemoryStorage } from "@labtech/lab/storages";
import { assertEquals } from "@std/assert";
import { formatLine } from "../runners/_console.ts";
import { cacheRecipe } from "../runners/_transport.ts";

const Plain = task(import.meta, {
  name: "EdgePlain",
  cache: "json",
  run: ({ n }: { n: number }) => n,
});

class Bare extends BaseCache {
  readonly name = "edge_bare";

  async saveResult(draft: { write(file: string, data: Uint8Array): Promise<void> }): Promise<void> {
    await draft.write("result.txt", new Uint8Array());
  }

  loadResult(): Promise<unknown> {
    return Promise.resolve("bare");
  }
}

// With the empty prefix of BaseCache, its keys begin as those of EdgePlain with the cache "json" do.
const Named = task(import.meta, {
  name: "json__EdgePlain",
  cache: new Bare(),
  run: ({ n }: { n: number }) => `${n}`,
});

Deno.test("types whose keys begin alike are listed each", async () => {
  await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial", progress: false });
  const tasks = [Plain({ n: 1 }), Named({ n: 1 })];
  await lab.runTasks(tasks);
  const cached = await lab.cachedTasks([Plain, Named]);
  assertEquals(cached.map(({ id }) => id).sort(), tasks.map(({ id }) => id).sort());
});

Deno.test("log lines are formatted as the console does it", () => {
  assertEquals(formatLine(["%d of %s", 3, "four", { five: 5 }]), "3 of four { five: 5 }");
  assertEquals(formatLine(["100 %", "done"]), "100 % done");
  assertEquals(formatLine(["plain", 1, [2]]), "plain 1 [ 2 ]");
});

Deno.test("a cache of a class that no other thread knows is not made there", () => {
  class Local extends JsonCache {
    override get spec() {
      return { type: "edge_local" };
    }
  }
  using _ = caches.register({
    name: "edge_local",
    summary: "Registered by this thread alone",
    options: { "~standard": { version: 1, vendor: "test", validate: () => ({ value: {} }) } },
    create: () => new Local(),
  });
  assertEquals(cacheRecipe(new Local()), undefined);
  assertEquals(cacheRecipe(new JsonCache())?.spec.type, "json");
});
