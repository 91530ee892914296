import { dirname } from "@std/path/dirname";
import {
  LocalStorage,
  MemoryStorage,
  SqliteStorage,
  type Storage,
  TieredStorage,
} from "../../storages/mod.ts";
import { storageContract } from "../../testing/mod.ts";

/** Fewer races than by default: the storages that are put together here are raced by tests of their own. */
const ROUNDS = 20;

storageContract({
  name: "TieredStorage, local and memory",
  rounds: ROUNDS,
  make: async () =>
    new TieredStorage({
      near: new LocalStorage(await Deno.makeTempDir()),
      far: new MemoryStorage(),
    }),
  remove: ({ near }) => removeDir((near as LocalStorage).dir),
});

storageContract({
  name: "TieredStorage, local and sqlite",
  rounds: ROUNDS,
  async make() {
    const dir = await Deno.makeTempDir();
    return opened(new LocalStorage(`${dir}/near`), new SqliteStorage(`${dir}/far.db`), 60);
  },
  remove: ({ near }) => removeDir(dirname((near as LocalStorage).dir)),
});

for (const nears of ["one near", "a near each"]) {
  storageContract({
    name: `TieredStorage, local and local, shared with ${nears}`,
    rounds: ROUNDS,
    claims: true,
    async make() {
      const dir = await Deno.makeTempDir();
      return opened(new LocalStorage(`${dir}/near`), new LocalStorage(`${dir}/far`), 0);
    },
    again({ near, far }) {
      const dir = (near as LocalStorage).dir + (nears === "one near" ? "" : "2");
      return opened(new LocalStorage(dir), new LocalStorage((far as LocalStorage).dir), 0);
    },
    remove: ({ near }) => removeDir(dirname((near as LocalStorage).dir)),
  });
}

storageContract({
  name: "TieredStorage, nested in both places",
  rounds: ROUNDS,
  make: () =>
    opened(
      opened(new MemoryStorage(), new MemoryStorage(), 0),
      opened(new MemoryStorage(), new MemoryStorage(), 0),
      0,
    ),
});

storageContract({
  name: "TieredStorage that only reads far",
  rounds: ROUNDS,
  make: () =>
    new TieredStorage({ near: new MemoryStorage(), far: new MemoryStorage(), write: "near" }),
});

function opened(near: Storage, far: Storage, maxAge: number) {
  const owned = new AsyncDisposableStack();
  owned.use(near);
  owned.use(far);
  return new TieredStorage({ near, far, maxAge, owned });
}

async function removeDir(dir: string): Promise<void> {
  await Deno.remove(dir, { recursive: true });
}
