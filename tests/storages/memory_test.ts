import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { MemoryStorage } from "../../storages/mod.ts";
import {
  bytesOf,
  keysOf,
  openThere,
  rejection,
  save,
  streamOf,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { storageContract } from "../../testing/mod.ts";

storageContract({ name: "MemoryStorage", make: () => new MemoryStorage(), claims: true });

Deno.test("a commit beyond maxBytes is refused with both figures, and nothing is lost", async () => {
  const storage = new MemoryStorage({ maxBytes: 10 });
  await save(storage, "a", { "a.txt": "12345" });
  await save(storage, "b", { "b.txt": "123", "metadata.json": "{}" });
  for (const key of ["a", "c"]) {
    const error = await rejection(save(storage, key, { "c.txt": "123456" }));
    assertInstanceOf(error, StorageError);
    assert(error.message.includes(key === "a" ? "11 bytes" : "16 bytes"), error.message);
    assert(error.message.includes("maxBytes is 10"), error.message);
    assertEquals(await textsOf(storage, "a"), { "a.txt": "12345" });
    assertEquals(await keysOf(storage), ["a", "b"]);
  }
  await save(storage, "a", { "a.txt": "54321" });
  await storage.delete("b");
  await save(storage, "c", { "c.txt": "12345" });
  assertEquals(await keysOf(storage), ["a", "c"]);
});

Deno.test("maxBytes is a number of bytes", () => {
  for (const maxBytes of [-1, NaN, "10", null, 10n] as number[]) {
    assertThrows(() => new MemoryStorage({ maxBytes }), StorageError, "Expected maxBytes");
  }
});

Deno.test("an entry stays as it was when it is replaced or deleted", async () => {
  const storage = new MemoryStorage();
  await save(storage, "key", { "a.txt": "old" });
  const entry = await openThere(storage, "key");
  await save(storage, "key", { "a.txt": "new" });
  await storage.delete("key");
  assertEquals(await entry.read("a.txt"), bytesOf("old"));
});

Deno.test("a stream of anything but bytes is refused", async () => {
  const storage = new MemoryStorage();
  await using draft = await storage.create("key");
  const texts = streamOf(["text"] as unknown as Uint8Array[]);
  assertInstanceOf(await rejection(draft.write("a.txt", texts)), StorageError);
  for (const data of ["text", null, [1], new ArrayBuffer(1)] as unknown as Uint8Array[]) {
    assertInstanceOf(await rejection(draft.write("b.txt", data)), StorageError);
  }
});

Deno.test("cannot be made again by another thread, and needs no permission", () => {
  const storage = new MemoryStorage();
  assertEquals(storage.spec, undefined);
  assertEquals(storage.permissions, {});
});
