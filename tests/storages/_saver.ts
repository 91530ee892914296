/** Saves and reads an entry in the directory that it is given, and prints what came of it. */
import { LocalStorage } from "../../storages/mod.ts";
import { save, textsOf } from "../../testing/_storage_scene.ts";

const storage = new LocalStorage(Deno.args[0]!);
try {
  if (Deno.args[1] !== "read") await save(storage, "Key", { "a.txt": "a", "metadata.json": "{}" });
  console.log(JSON.stringify(await textsOf(storage, "Key") ?? "nothing"));
} catch (error) {
  console.log(`${(error as Error).name}: ${(error as Error).message}`);
}
