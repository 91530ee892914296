import { storageContract } from "../../testing/mod.ts";
import { LocalStorage } from "../../storages/mod.ts";

storageContract({
  name: "LocalStorage",
  make: async () => new LocalStorage(await Deno.makeTempDir()),
  again: ({ dir }) => new LocalStorage(dir),
  remove: ({ dir }) => Deno.remove(dir, { recursive: true }),
});
