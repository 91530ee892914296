import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { importSpecifier } from "../../storages/_packages.ts";
import { UnstorageStorage } from "../../storages/unstorage.ts";
import {
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { storageContract } from "../../testing/mod.ts";
import { AzuriteServer, noAzurite, testWithAzurite } from "../servers/azurite.ts";

// One server for all tests, each with a container of its own: a server takes seconds to start.
let server: AzuriteServer | undefined;
if (!noAzurite) {
  Deno.test.beforeAll(async () => {
    server = await AzuriteServer.start();
  });
  Deno.test.afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
}

let containers = 0;
const names = new WeakMap<UnstorageStorage, string>();
storageContract({
  name: "UnstorageStorage on azure-storage-blob",
  make: () => storageIn(`container-${++containers}`),
  again: (storage) => storageIn(names.get(storage)!),
  test: testWithAzurite,
});

testWithAzurite("reading does not make the container; the first save does", async () => {
  await using storage = storageIn("unmade");
  assertEquals(await keysOf(storage), []);
  assertEquals(await storage.exists("key"), false);
  assertEquals(await storage.existsMany(["key"]), new Set());
  assertEquals(await storage.delete("key"), false);
  assertEquals(await Array.fromAsync(storage.findLeftovers()), []);
  assert(!await containerExists("unmade"));
  await save(storage, "key", { "a.txt": "a", "b.bin": noise(5 * 2 ** 20) });
  assert(await containerExists("unmade"));
  assertEquals((await openThere(storage, "key")).files.size, 2);
});

testWithAzurite(
  "a wrong key of the account is an error of every call, without the key in it",
  async () => {
    const key = btoa("another key than that of the account");
    await using storage = new UnstorageStorage({
      driver: "azure-storage-blob",
      connectionString: server!.connectionString(key),
    });
    for (
      const call of [
        () => storage.open("key"),
        () => storage.exists("key"),
        () => storage.delete("key"),
        () => keysOf(storage),
        () => save(storage, "key", { "a.txt": "a" }),
      ]
    ) {
      const error = await rejection(call());
      assertInstanceOf(error, StorageError, String(call));
      assertMatch(error.message, /azure-storage-blob.*credentials/s);
      assert(!Deno.inspect(error, { depth: 9, showHidden: true }).includes(key), String(call));
    }
  },
);

testWithAzurite("what an entry is made of is where the guide says", async () => {
  await using storage = storageIn("layout");
  await save(storage, "Key", { "a.txt": "a", "b.bin": noise(5 * 2 ** 20) });
  const blobs = (await blobsIn("layout")).map((name) =>
    name.replace(/:[0-9a-z]{9}-[0-9a-z]{12}/, ":G")
  );
  const [first, second] = [4 * 2 ** 20, 2 ** 20];
  assertEquals(blobs, [`data:Key~b:G-1-0-${first}`, `data:Key~b:G-1-1-${second}`, "entry:Key~b"]);
  await storage.delete("Key");
  assertEquals(await blobsIn("layout"), []);
  assertEquals(await textsOf(storage, "Key"), undefined);
});

function storageIn(containerName: string): UnstorageStorage {
  const connectionString = server!.connectionString();
  const driver = "azure-storage-blob";
  const storage = new UnstorageStorage({ driver, connectionString, containerName });
  names.set(storage, containerName);
  return storage;
}

/** The part of Azure's client that is used here. */
interface Container {
  exists(): Promise<boolean>;
  listBlobsFlat(): AsyncIterable<{ readonly name: string }>;
}

async function containerOf(name: string): Promise<Container> {
  const { BlobServiceClient } = await importSpecifier<{
    BlobServiceClient: {
      fromConnectionString(text: string): { getContainerClient(name: string): Container };
    };
  }>("npm:@azure/storage-blob@12");
  return BlobServiceClient.fromConnectionString(server!.connectionString()).getContainerClient(
    name,
  );
}

async function containerExists(name: string): Promise<boolean> {
  return await (await containerOf(name)).exists();
}

async function blobsIn(name: string): Promise<string[]> {
  const blobs = await Array.fromAsync((await containerOf(name)).listBlobsFlat());
  return blobs.map(({ name }) => name).sort();
}
