import { S3Storage } from "../../storages/s3.ts";
import { storageContract } from "../../testing/mod.ts";
import { KEYS, S3Server, testWithS3 } from "../servers/versitygw.ts";

const servers = new WeakMap<S3Storage, S3Server>();

storageContract({
  name: "S3Storage",
  make: async () => {
    const server = await S3Server.start();
    const storage = new S3Storage(server.bucket());
    servers.set(storage, server);
    return storage;
  },
  again: (storage) => {
    const { endpoint } = servers.get(storage)!;
    return new S3Storage({ bucket: storage.bucket, endpoint, credentials: KEYS });
  },
  remove: async (storage) => await servers.get(storage)![Symbol.asyncDispose](),
  test: testWithS3,
});
