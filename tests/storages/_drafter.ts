/** Begins an entry in the directory that it is given, says so, and lives on without ending it. */
import { LocalStorage } from "../../storages/mod.ts";

const [dir, key] = Deno.args;
const draft = await new LocalStorage(dir!).create(key!);
await draft.write("a.bin", new Uint8Array(100));
console.log("begun");
// A draft that nobody can reach any more is as good as dead.
setInterval(() => console.log(draft.key), 60_000);
