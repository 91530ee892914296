/**
 * Saves entries in the database that it is given, and prints what came of it. In a thread, the
 * arguments come by a message.
 */
import { SqliteStorage } from "../../storages/mod.ts";
import { noise, save, textsOf } from "../../testing/_storage_scene.ts";

async function run([file, tag, rounds = "1"]: readonly string[]): Promise<string> {
  const storage = new SqliteStorage(file!);
  try {
    for (let round = 0; round < Number(rounds); round++) {
      const text = `${round}-${tag}`;
      const large = round % 5 === 0 ? { "c.bin": noise(1_500_000) } : undefined;
      await save(storage, "Key", { "a.txt": text, "b.txt": text, "metadata.json": "{}", ...large });
      await save(storage, `${tag}-${round}`, { "a.txt": text });
    }
    const texts = await textsOf(storage, `${tag}-0`);
    return JSON.stringify(texts ?? "nothing");
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  } finally {
    await storage[Symbol.asyncDispose]();
  }
}

if (import.meta.main && Deno.args.length > 0) console.log(await run(Deno.args));
else {
  self.onmessage = async ({ data }: MessageEvent<readonly string[]>) => {
    (self as unknown as Worker).postMessage(await run(data));
    self.close();
  };
}
