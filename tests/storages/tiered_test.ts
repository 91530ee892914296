import { dirname } from "@std/path/dirname";
import {
  LocalStorage,
  MemoryStorage,
  SqliteStorage,
  type Storage,
  TieredStorage,
} from "../../storages/mod.ts";
import { storageContract } from "../../testing/mod.ts";

storageContract({
  name: "TieredStorage, local and memory",
  make: async () =>
    new TieredStorage({
      near: new LocalStorage(await Deno.makeTempDir()),
      far: new MemoryStorage(),
    }),
  remove: ({ near }) => removeDir((near as LocalStorage).dir),
});

storageContract({
  name: "TieredStorage, local and sqlite",
  async make() {
    const dir = await Deno.makeTempDir();
    return opened(new LocalStorage(`${dir}/near`), new SqliteStorage(`${dir}/far.db`), 60);
  },
  remove: ({ near }) => removeDir(dirname((near as LocalStorage).dir)),
});

for (const nears of ["one near", "a near each"]) {
  storageContract({
    name: `TieredStorage, local and local, shared with ${nears}`,
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
  make: () =>
    opened(
      opened(new MemoryStorage(), new MemoryStorage(), 0),
      opened(new MemoryStorage(), new MemoryStorage(), 0),
      0,
    ),
});

storageContract({
  name: "TieredStorage that only reads far",
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
