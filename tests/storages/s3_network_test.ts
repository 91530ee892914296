import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { S3Storage } from "../../storages/s3.ts";
import {
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  streamOf,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { CuttingProxy, type Fate } from "../servers/cutting_proxy.ts";
import { KEYS, S3Server, testWithS3 } from "../servers/versitygw.ts";

const MIB = 2 ** 20;
const LOST = { answerBytes: 0 };

/** Registers a test with a storage behind a proxy, and one that reaches the server by itself. */
function testIt(
  name: string,
  fate: (call: string, nth: number) => Fate,
  run: (scene: {
    readonly far: S3Storage;
    readonly near: S3Storage;
    readonly proxy: CuttingProxy;
    readonly server: S3Server;
  }) => Promise<void>,
): void {
  testWithS3(`S3Storage: ${name}`, async () => {
    await using server = await S3Server.start();
    const counts = new Map<string, number>();
    await using proxy = new CuttingProxy(server.port, (call) => {
      const kind = call.split(/[ ?]/).slice(0, 2).join(" ");
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return fate(call, counts.get(kind)!);
    });
    const options = server.bucket();
    await using near = new S3Storage(options);
    await using far = new S3Storage({ ...options, endpoint: proxy.endpoint });
    await run({ far, near, proxy, server });
  });
}

const isRecord = (call: string) => /^PUT \/[^/]+\/entries\//.test(call);

testIt(
  "a commit whose answer is lost is found to be done",
  (call, nth) => isRecord(call) && nth % 2 === 1 ? LOST : undefined,
  async ({ far, near, proxy }) => {
    const large = noise(MIB);
    await save(far, "key", { "a.txt": "first", large });
    assertEquals(proxy.cuts, 1);
    assertEquals(await (await openThere(near, "key")).read("large"), large);
    assertEquals(await Array.fromAsync(near.findLeftovers({ grace: 0 })), []);
  },
);

testIt(
  "a replacement whose answer is lost is found to be done, and removes what it replaced",
  // The first PUT finds an entry; the answer to the second one, which replaces it, is lost.
  (call, nth) => isRecord(call) && nth === 2 ? LOST : undefined,
  async ({ far, near, proxy }) => {
    await save(near, "key", { large: noise(2 * MIB) });
    const large = noise(MIB);
    await save(far, "key", { large });
    assertEquals(proxy.cuts, 1);
    assertEquals(await (await openThere(near, "key")).read("large"), large);
    assertEquals(await Array.fromAsync(near.findLeftovers({ grace: 0 })), []);
  },
);

testIt(
  "a commit that fails with nobody knowing what the server did leaves the entry whole",
  (call) => isRecord(call) ? LOST : undefined,
  async ({ far, near }) => {
    const large = noise(MIB);
    const error = await rejection(save(far, "key", { large }));
    assertInstanceOf(error, StorageError);
    // It was done at the first try, and its data must not have gone with the draft.
    assertEquals(await (await openThere(near, "key")).read("large"), large);
  },
);

testIt(
  "of a commit that may have been replaced meanwhile nothing appears that has no data",
  () => undefined,
  async ({ near, server }) => {
    // The answer to the record is lost, and before it is sent again another one replaces it.
    let replaced: Promise<void> | undefined;
    await using proxy = new CuttingProxy(server.port, (call) => {
      if (!isRecord(call) || replaced) return undefined;
      replaced = (async () => {
        while (!await near.exists("key")) await new Promise((go) => setTimeout(go, 2));
        await save(near, "key", { "a.txt": "other" });
      })();
      return LOST;
    });
    const { endpoint } = proxy;
    await using far = new S3Storage({ bucket: near.bucket, endpoint, credentials: KEYS });
    const error = await rejection(save(far, "key", { large: noise(MIB) })).catch(() => undefined);
    await replaced;
    if (error) assertInstanceOf(error, StorageError);
    const entry = await openThere(near, "key");
    for (const file of entry.files.keys()) await entry.read(file);
  },
);

testIt(
  "reading goes on where a connection broke",
  (call, nth) =>
    call.startsWith("GET") && call.includes("/data/") && nth <= 3
      ? { answerBytes: 3 * MIB }
      : undefined,
  async ({ far, near, proxy }) => {
    const data = noise(20 * MIB + 7);
    await save(near, "key", { large: data });
    const read = await (await openThere(far, "key")).read("large");
    assert(read.length === data.length && read.every((byte, n) => byte === data[n]));
    assert(proxy.cuts >= 3, `${proxy.cuts} cuts`);
  },
);

testIt(
  "an upload goes on where calls of it break",
  (call, nth) => /uploads|uploadId|partNumber/.test(call) && nth % 2 === 1 ? LOST : undefined,
  async ({ far, near, proxy }) => {
    const data = noise(40 * MIB);
    await using draft = await far.create("key");
    await draft.write("large", streamOf([data]));
    await draft.commit();
    const read = await (await openThere(near, "key")).read("large");
    assert(read.length === data.length && read.every((byte, n) => byte === data[n]));
    assert(proxy.cuts >= 2, `${proxy.cuts} cuts`);
    // An upload whose beginning was answered to nobody is found, and removed.
    for await (const leftover of near.findLeftovers({ grace: 0 })) {
      assertEquals(leftover.kind, "draft");
      await leftover.remove();
    }
    assertEquals(await Array.fromAsync(near.findLeftovers({ grace: 0 })), []);
    assertEquals(await keysOf(near), ["key"]);
    assertEquals((await openThere(near, "key")).files.get("large"), data.length);
  },
);

testWithS3(
  "S3Storage: a call that waits for a server that is silent is ended by its signal",
  async () => {
    await using server = await S3Server.start();
    await using storage = new S3Storage(server.bucket());
    await save(storage, "key", { "a.txt": "a" });
    server.signal("SIGSTOP");
    try {
      const reason = new Error("changed my mind");
      await using draft = await storage.create("new");
      for (
        const call of [
          (signal: AbortSignal) => storage.open("key", { signal }),
          (signal: AbortSignal) => Array.fromAsync(storage.findKeys({ signal })),
          (signal: AbortSignal) => draft.commit({ signal }),
        ]
      ) {
        const abort = new AbortController();
        setTimeout(() => abort.abort(reason), 50);
        assertEquals(await rejection(call(abort.signal)), reason);
      }
    } finally {
      server.signal("SIGCONT");
    }
    assertEquals(await textsOf(storage, "key"), { "a.txt": "a" });
  },
);
