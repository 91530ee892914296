import { importPackage } from "../../storages/_packages.ts";
import { UnstorageStorage } from "../../storages/unstorage.ts";
import { storageContract } from "../../testing/mod.ts";
import { KEYS, noS3, S3Server, testWithS3 } from "../servers/versitygw.ts";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

// One server for all tests, each with a bucket of its own.
let gateway: S3Server | undefined;
if (!noS3) {
  Deno.test.beforeAll(async () => {
    gateway = await S3Server.start();
  });
  Deno.test.afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
  });
}

let buckets = 0;
const names = new WeakMap<UnstorageStorage, string>();
storageContract({
  name: "UnstorageStorage on s3",
  make: async () => {
    const bucket = `of-unstorage-${++buckets}`;
    await Deno.mkdir(`${gateway!.dir}/${bucket}`);
    return inBucket(bucket);
  },
  again: (storage) => inBucket(names.get(storage)!),
  test: testWithS3,
});

function inBucket(bucket: string): UnstorageStorage {
  const endpoint = `http://127.0.0.1:${gateway!.port}`;
  const region = "us-east-1";
  const storage = new UnstorageStorage({ driver: "s3", endpoint, region, bucket, ...KEYS });
  names.set(storage, bucket);
  return storage;
}

const granted = (["net", "env", "sys"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);
const servers = new WeakMap<UnstorageStorage, Server>();
storageContract({
  name: "UnstorageStorage on http, at unstorage's own server",
  make: async () => {
    const { createStorage } = await importPackage<{ createStorage(): unknown }>("unstorage");
    const { createStorageServer } = await importPackage<{
      createStorageServer(storage: unknown): { handle: RequestListener };
    }>("unstorage", "/server");
    const server = createServer(createStorageServer(createStorage()).handle);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return at(server);
  },
  again: (storage) => at(servers.get(storage)!),
  remove: async (storage) => {
    const server = servers.get(storage)!;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  },
  test: (name, fn) => {
    const title = granted
      ? name
      : `${name} (skipped: it needs --allow-net --allow-env --allow-sys)`;
    Deno.test({ name: title, ignore: !granted, fn });
  },
});

function at(server: Server): UnstorageStorage {
  const { port } = server.address() as AddressInfo;
  const storage = new UnstorageStorage({ driver: "http", base: `http://127.0.0.1:${port}` });
  servers.set(storage, server);
  return storage;
}
