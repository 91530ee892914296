import { assert, assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import { StorageError } from "../errors.ts";
import type { Claim, Storage } from "../storages/storage.ts";
import { bytesOf, keysOf, rejection, save, type StorageCase, textsOf } from "./_storage_scene.ts";

/** Who computes an entry is alone at it, and nobody who lost that right replaces what others saved. */
export const CLAIM_CASES: readonly StorageCase[] = [
  {
    name: "a key is claimed by one at a time, each key for itself",
    by: "claiming",
    async run({ storage, again }) {
      const other = await again();
      {
        await using claim = await claimed(storage, "Key");
        assertEquals(claim.key, "Key");
        assert(await claim.isHeld());
        assertEquals(await other.claim!("Key"), undefined);
        assertEquals(await storage.claim!("Key"), undefined);
        await using third = await claimed(other, "key");
        assert(await third.isHeld());
      }
      await using next = await claimed(other, "Key");
      assertEquals(await storage.claim!("Key"), undefined);
      assert(await next.isHeld());
    },
  },
  {
    name: "of many who claim a key at once one has it",
    by: "claiming",
    async run({ storage, again }) {
      const other = await again();
      for (let round = 0; round < 20; round++) {
        const claims = await Promise.all(
          [storage, other, storage, other].map((each) => each.claim!("Key")),
        );
        assertEquals(claims.filter((claim) => claim !== undefined).length, 1);
        await Promise.all(claims.map((claim) => claim?.[Symbol.asyncDispose]()));
      }
    },
  },
  {
    name: "a claim is no entry, and leaves nothing behind",
    by: "claiming",
    async run({ storage }) {
      {
        await using claim = await claimed(storage, "Key");
        assertFalse(claim.hasEntry);
        assertFalse(await storage.exists("Key"));
        assertEquals(await storage.open("Key"), undefined);
        assertEquals(await keysOf(storage), []);
        assertEquals(await leftoversOf(storage), []);
        assert(await claim.isHeld());
      }
      assertEquals(await leftoversOf(storage), []);
      assertFalse(await storage.delete("Key"));
    },
  },
  {
    name: "a draft is committed under its claim, and the next one who claims the key is told of it",
    by: "claiming",
    async run({ storage, again }) {
      const other = await again();
      for (const text of ["first", "second"]) {
        await using claim = await claimed(storage, "Key");
        await save(storage, "Key", { "a.txt": text, "metadata.json": "{}" }, {
          claim: claim.token,
        });
        assertEquals(await textsOf(other, "Key"), { "a.txt": text, "metadata.json": "{}" });
        assert(await claim.isHeld());
      }
      await using next = await claimed(other, "Key");
      assert(next.hasEntry);
      assertEquals(await leftoversOf(storage), []);
    },
  },
  {
    name: "what is saved elsewhere under a claim is committed as well",
    by: "claiming",
    async run({ storage, again }) {
      const other = await again();
      await using claim = await claimed(storage, "Key");
      await save(other, "Key", { "a.txt": "a" }, { claim: claim.token });
      assertEquals(await textsOf(storage, "Key"), { "a.txt": "a" });
    },
  },
  {
    name: "a claim that somebody else has by now commits nothing",
    by: "claiming",
    async run({ storage, again }) {
      const other = await again();
      const lost = await claimed(storage, "Key");
      // Two claims may be told apart by when they began.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await lost[Symbol.asyncDispose]();
      assertFalse(await lost.isHeld());
      await using claim = await claimed(other, "Key");
      if (claim.token === undefined) return; // where nothing can be told, all may save
      assertInstanceOf(await rejectedSave(storage, lost), StorageError);
      assertFalse(await other.exists("Key"));
      await save(other, "Key", { "a.txt": "new" }, { claim: claim.token });
      assertInstanceOf(await rejectedSave(storage, lost), StorageError);
      assertEquals(await textsOf(storage, "Key"), { "a.txt": "new" });
      assert(await claim.isHeld());
      assertEquals(await leftoversOf(storage), []);
    },
  },
  {
    name: "whoever has no claim may save and delete all the same",
    by: "claiming",
    async run({ storage, again }) {
      const other = await again();
      await using _claim = await claimed(storage, "Key");
      await save(other, "Key", { "a.txt": "a" });
      assertEquals(await textsOf(storage, "Key"), { "a.txt": "a" });
      assert(await other.delete("Key"));
      assertEquals(await keysOf(storage), []);
    },
  },
];

async function claimed(storage: Storage, key: string): Promise<Claim> {
  const claim = await storage.claim!(key);
  assert(claim, `Somebody has a claim on "${key}"`);
  return claim;
}

async function rejectedSave(storage: Storage, { token }: Claim): Promise<unknown> {
  await using draft = await storage.create("Key", { claim: token });
  return await rejection((async () => {
    await draft.write("a.txt", bytesOf("late"));
    await draft.commit();
  })());
}

async function leftoversOf(storage: Storage): Promise<string[]> {
  const all = await Array.fromAsync(storage.findLeftovers({ grace: 0 }));
  return all.map(({ place }) => place);
}
