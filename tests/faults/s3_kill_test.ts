import { assert, assertEquals } from "@std/assert";
import { faultContract } from "@labtech/lab/testing";
import "../../builtins.ts";
import { storages } from "../../registry.ts";
import { type Storage, StorageError } from "../../storages/mod.ts";
import { saveVersion, versionsIn } from "../../testing/_fault_versions.ts";
import { S3Server, testWithS3 } from "../servers/versitygw.ts";
import { strangersIn } from "./_s3_strangers.ts";

const servers = new Map<string, S3Server>();

faultContract({
  name: "S3Storage",
  make: async () => {
    const server = await S3Server.start();
    servers.set(server.endpoint, server);
    return { type: "s3", ...server.bucket() };
  },
  remove: async ({ endpoint }) => {
    await servers.get(String(endpoint))![Symbol.asyncDispose]();
    servers.delete(String(endpoint));
  },
  strangers: ({ endpoint, bucket }) =>
    strangersIn(`${servers.get(String(endpoint))!.dir}/${bucket}`),
  kills: 8,
  lifetime: 400,
  rounds: 20,
  test: testWithS3,
});

const KEYS = ["one", "Two", "three"];
const LIVES = 5;

testWithS3(
  "S3Storage: a server that is killed midway in saves leaves whole entries, all it acknowledged, and " +
    "nothing that cannot be removed",
  async () => {
    await using server = await S3Server.start();
    const spec = { type: "s3", ...server.bucket() };
    await using storage = storages.create(spec);
    const committed = new Map<string, number>();
    for (let version = 1, life = 0; life < LIVES; life++) {
      const savers = new AbortController();
      const saving = KEYS.map((key) =>
        saveOn(storage, key, { next: () => version++, committed, signal: savers.signal })
      );
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 200));
      await server.kill();
      savers.abort();
      await server.again();
      const begun = await Promise.all(saving);
      const found = await versionsIn(storage, KEYS);
      for (const [n, key] of KEYS.entries()) {
        const [is, was] = [found.get(key), committed.get(key)];
        assert(is === was || is === begun[n], `"${key}" is ${is}, but ${was} was committed`);
        if (is !== undefined) committed.set(key, is);
      }
    }
    assert(committed.size > 0);
    for await (const leftover of storage.findLeftovers({ grace: 0 })) {
      // The server leaves files of its own beside the objects that it was writing.
      const isOurs = leftover.kind !== "foreign";
      assert(isOurs || leftover.place.includes(".sgwtmp."), leftover.place);
      await leftover.remove();
    }
    assertEquals(await Array.fromAsync(storage.findLeftovers({ grace: 0 })), []);
    assertEquals(await versionsIn(storage, KEYS), committed);
  },
);

/** Saves version after version; gives the one that broke off. */
async function saveOn(
  storage: Storage,
  key: string,
  { next, committed, signal }: {
    readonly next: () => number;
    readonly committed: Map<string, number>;
    readonly signal: AbortSignal;
  },
): Promise<number | undefined> {
  while (!signal.aborted) {
    const version = next();
    try {
      await saveVersion(storage, key, version);
      committed.set(key, version);
    } catch (error) {
      assert(error instanceof StorageError, String(error));
      return version;
    }
  }
}
