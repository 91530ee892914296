/** Saves and reads an entry, and forgets to dispose the storage. */
import { RedisStorage } from "../../storages/redis.ts";

const storage = new RedisStorage({ url: Deno.args[0]! });
const draft = await storage.create("key");
await draft.write("a.bin", new Uint8Array(2 ** 20));
await draft.commit();
const [missing, entry] = await Promise.all([storage.open("missing"), storage.open("key")]);
await (await storage.create("other")).write("a.bin", new Uint8Array(2 ** 20));
console.log(missing, entry?.files.get("a.bin"));
