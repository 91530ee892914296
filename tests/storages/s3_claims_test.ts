import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { S3Bucket } from "../../storages/_s3_bucket.ts";
import { s3Place } from "../../storages/_s3_place.ts";
import { S3Storage, type S3StorageOptions } from "../../storages/s3.ts";
import type { Claim } from "../../storages/storage.ts";
import { rejection, save, textsOf } from "../../testing/_storage_scene.ts";
import { CuttingProxy } from "../servers/cutting_proxy.ts";
import { S3Server, testWithS3 } from "../servers/versitygw.ts";

interface Scene {
  readonly server: S3Server;
  readonly options: S3StorageOptions;
  /** Where the objects lie. */
  readonly dir: string;
  /** Opens a storage on the one bucket. */
  open(endpoint?: string): S3Storage;
}

/** How long, in seconds, claims hold that nobody waits for to end. */
const LONG = 600;

/** Registers a test with storages whose claims hold for so many seconds. */
function testIt(
  name: string,
  run: (scene: Scene) => Promise<void>,
  { claimTtl = 1 } = {},
): void {
  testWithS3(`S3Storage: ${name}`, async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await S3Server.start());
    const options = { ...server.bucket(), claimTtl };
    const open = (endpoint = options.endpoint) =>
      stack.use(new S3Storage({ ...options, endpoint }));
    await run({ server, options, open, dir: `${server.dir}/${options.bucket}` });
  });
}

/** Leaves a claim that nobody renews, as a program does that is stopped or dies. Gives its token. */
async function leaveClaim(storage: S3Storage): Promise<string> {
  const claim = await storage.claim("Key");
  assert(claim);
  await storage[Symbol.asyncDispose]();
  await claim[Symbol.asyncDispose]();
  return claim.token!;
}

/** Asks for the claim until it is given, as a run does that waits. */
async function waitForClaim(storage: S3Storage, key = "Key"): Promise<Claim> {
  for (;;) {
    const claim = await storage.claim(key);
    if (claim) return claim;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function lateSave(storage: S3Storage, claim: string): Promise<unknown> {
  return await rejection(save(storage, "Key", { "a.txt": "late" }, { claim }));
}

testIt("a claim that nobody renews is taken over, and its holder replaces nothing", async ({
  open,
}) => {
  const token = await leaveClaim(open());
  const storage = open();
  // Who sees it first cannot know whether its holder lives.
  assertEquals(await storage.claim("Key"), undefined);
  await using claim = await waitForClaim(storage);
  assertInstanceOf(await lateSave(open(), token), StorageError);
  await save(storage, "Key", { "a.txt": "new" }, { claim: claim.token });
  const error = await lateSave(open(), token);
  assertInstanceOf(error, StorageError);
  assertStringIncludes(error.message, "the claim on it was lost");
  assertEquals(await textsOf(storage, "Key"), { "a.txt": "new" });
  assert(await claim.isHeld());
});

testIt("who was stopped between its last look and its save replaces nothing", async ({
  open,
  server,
}) => {
  // Just before the record is put, somebody else takes over and saves.
  const storage = open();
  let heir: Promise<void> | undefined;
  const takeOver = async () => {
    await using claim = await waitForClaim(storage);
    await save(storage, "Key", { "a.txt": "new" }, { claim: claim.token });
  };
  let token = "";
  for (const before of [undefined, "old"]) {
    if (before) await save(storage, "Key", { "a.txt": before });
    const lost = open();
    token = await leaveClaim(lost);
    const puts = { count: 0 };
    await using proxy = new CuttingProxy(server.port, () => undefined, async (call) => {
      const isRecord = /^PUT \/[^/]+\/entries\//.test(call);
      // Where there is an entry the first attempt, which expects none, is refused anyway.
      if (isRecord && ++puts.count === (before ? 2 : 1)) await (heir = takeOver());
    });
    assertInstanceOf(await lateSave(open(proxy.endpoint), token), StorageError);
    await heir;
    assertEquals(await textsOf(storage, "Key"), { "a.txt": "new" });
    await storage.delete("Key");
  }
});

testIt("a claim is renewed by one call, and costs a few more", async ({ open, server }) => {
  const storage = open();
  let claim: Claim | undefined;
  const callsOf = async (act: () => Promise<unknown>) =>
    (await server.requests(act)).map((line) => line.replace("/bucket-1/", ""));
  assertEquals(await callsOf(async () => claim = await storage.claim("Key")), [
    "PutObject claims/Key",
    "HeadObject entries/Key",
  ]);
  const token = claim!.token;
  const saving = await callsOf(() => save(storage, "Key", { "a.txt": "a" }, { claim: token }));
  assertEquals(saving, ["GetObject claims/Key", "PutObject entries/Key"]);
  assertEquals(await callsOf(() => claim!.isHeld()), ["PutObject claims/Key"]);
  const ending = await callsOf(async () => await claim![Symbol.asyncDispose]());
  assertEquals(ending, ["DeleteObject claims/Key"]);
}, { claimTtl: LONG });

testIt("a claim of a program that died is cleared away, one that is renewed is not", async ({
  open,
  dir,
}) => {
  const storage = open();
  const leftovers = () => Array.fromAsync(storage.findLeftovers({ grace: 0 }));
  const path = `${dir}/claims/Key`;
  await leaveClaim(open());
  assertEquals(await leftovers(), []);
  await Deno.utime(path, 1_700_000_000, 1_700_000_000);
  const [dead, ...none] = await leftovers();
  assertEquals([dead!.place, dead!.kind, none.length], ["s3://bucket-1/claims/Key", "draft", 0]);
  assertEquals(await Array.fromAsync(storage.findLeftovers()).then((all) => all.length), 1);
  assert(await dead!.remove());
  await using claim = await storage.claim("Key");
  assert(claim);
  await Deno.utime(path, 1_700_000_000, 1_700_000_000);
  const found = await leftovers();
  assert(await claim.isHeld());
  for (const leftover of found) assertEquals(await leftover.remove(), false);
  assert(await claim.isHeld());
}, { claimTtl: LONG });

testIt("who lost its claim to a clean-up saves where nobody else has", async ({ open, dir }) => {
  const storage = open();
  await using claim = await storage.claim("Key");
  await Deno.remove(`${dir}/claims/Key`);
  await save(open(), "Key", { "a.txt": "a" }, { claim: claim!.token });
  assertInstanceOf(await lateSave(open(), claim!.token!), StorageError);
  assertEquals(await textsOf(storage, "Key"), { "a.txt": "a" });
}, { claimTtl: LONG });

testIt("answers that are lost change nothing of who has a claim", async ({ open, server }) => {
  const LOST = { answerBytes: 0 };
  const counts = new Map<string, number>();
  await using proxy = new CuttingProxy(server.port, (call) => {
    if (!call.includes("/claims/")) return undefined;
    const count = (counts.get(call) ?? 0) + 1;
    counts.set(call, count);
    return count % 2 === 1 ? LOST : undefined;
  });
  const [far, near] = [open(proxy.endpoint), open()];
  {
    await using claim = await far.claim("Key");
    assert(claim);
    assertEquals(await near.claim("Key"), undefined);
    assert(await claim.isHeld());
    await save(far, "Key", { "a.txt": "a" }, { claim: claim.token });
  }
  assert(proxy.cuts >= 2, `${proxy.cuts} cuts`);
  await using next = await near.claim("Key");
  assert(next?.hasEntry);
}, { claimTtl: LONG });

testIt("what is no claim is taken over like one that nobody renews", async ({ open, options }) => {
  const bucket = new S3Bucket(s3Place(options));
  const storage = open();
  await Promise.all(
    ["", "{", '{"format":1,"token":"mine"}', "x".repeat(5000)].map(async (text, n) => {
      const data = new TextEncoder().encode(text);
      await bucket.put(`claims/Key${n}`, data, { doing: "put what is no claim" });
      assertEquals(await storage.claim(`Key${n}`), undefined);
      await using claim = await waitForClaim(storage, `Key${n}`);
      assert(await claim.isHeld());
    }),
  );
  await bucket.dispose();
});
