/** Saves and loads a stream of so many MiB in the bucket that it is given, and prints the most memory that took. */
import { S3Storage } from "../../storages/s3.ts";

const MIB = 2 ** 20;
const [options, size] = Deno.args;
await using storage = new S3Storage(JSON.parse(options!));
await storage.exists("none"); // loads the client
const start = Deno.memoryUsage().rss;
let most = start;
const watching = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 5);
{
  let left = Number(size);
  await using draft = await storage.create("key");
  await draft.write(
    "large",
    new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(new Uint8Array(MIB).fill(left));
        else controller.close();
      },
    }, { highWaterMark: 0 }),
  );
  await draft.commit();
}
const saved = most;
most = Deno.memoryUsage().rss;
let bytes = 0;
const entry = await storage.open("key");
for await (const piece of await entry!.stream("large")) bytes += piece.length;
clearInterval(watching);
console.log(JSON.stringify({
  bytes,
  save: Math.round((saved - start) / MIB),
  load: Math.round((most - start) / MIB),
}));
