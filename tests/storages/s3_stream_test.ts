import { assert, assertEquals } from "@std/assert";
import { S3Server, testWithS3 } from "../servers/versitygw.ts";

const MIB = 2 ** 20;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const SCRIPT = new URL("./_s3_stream.ts", import.meta.url).href;
/** How much goes through, and how much of it may be in memory at once, in MiB. */
const SIZE = 500;
const MOST = 400;

testWithS3("S3Storage: a large stream is never in memory whole, saved or loaded", async () => {
  await using server = await S3Server.start();
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "-A", "--config", CONFIG, SCRIPT]
      .concat([JSON.stringify(server.bucket()), `${SIZE}`]),
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) || decoder.decode(stderr);
  assert(text.startsWith("{"), text);
  const { bytes, save, load } = JSON.parse(text);
  console.log(`S3Storage: of ${SIZE} MiB at most ${save} were in memory to save, ${load} to load`);
  assertEquals(bytes, SIZE * MIB);
  assert(save < MOST && load < MOST, text);
});
