import { BytesCache } from "@labtech/lab/caches";
import { CacheError } from "@labtech/lab";
import { generateKey, openKeys, SIGNATURE_FILE } from "@labtech/lab/signing";
import { type Entry, MemoryStorage, Storage } from "@labtech/lab/storages";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { isOfSmallOrder, publicKeyText, readPublicKey } from "../signing/public_key.ts";
import { encodeSignature } from "../signing/entry_signature.ts";
import {
  Answer,
  CACHE,
  filesOf,
  flipped,
  keyOf,
  outcomeOf,
  put,
  refusedAs,
  save,
  STORAGES,
  trusted,
} from "./_signed_entries.ts";
import { scratch } from "./e2e/_scratch.ts";

const ours = await generateKey();
const theirs = await generateKey();
const own = await openKeys({ key: ours.privateKey });
const reader = await openKeys({ trust: [ours.publicKey] });
const task = Answer({ n: 1 });
const other = Answer({ n: 2 });
const METADATA = "metadata.json";

for (const [name, make] of Object.entries(STORAGES)) {
  Deno.test(`${name}: what a trusted key signed is loaded and listed, unsigned and unknown are not`, async () => {
    await using place = await scratch();
    await using storage = make(place.dir);
    await save(storage, task, own);
    assertEquals(await outcomeOf(storage, task, reader), trusted("the answer"));
    assertEquals(await outcomeOf(storage, task, own), trusted("the answer"));
    const strangers = await openKeys({ key: theirs.privateKey });
    assertEquals(await outcomeOf(storage, task, strangers), refusedAs("unknown key"));
    await save(storage, task, strangers);
    assertEquals(await outcomeOf(storage, task, reader), refusedAs("unknown key"));
    await save(storage, task);
    assertEquals(await outcomeOf(storage, task, reader), refusedAs("unsigned"));
  });

  // In memory every bit; each byte elsewhere, where an entry takes longer.
  const step = name === "memory" ? 1 : 8;
  Deno.test(`${name}: whichever ${step === 1 ? "bit" : "byte"} of any file of an entry is altered, it is not believed`, async () => {
    await using place = await scratch();
    await using storage = make(place.dir);
    await save(storage, task, own);
    const files = await filesOf(storage, keyOf(task));
    assertEquals([...files.keys()].sort(), [METADATA, "result.json", SIGNATURE_FILE]);
    for (const [file, bytes] of files) {
      for (let bit = 0; bit < bytes.length * 8; bit += step) {
        const at = step === 1 ? bit : bit + (bit >> 3) % 8;
        const altered = new Map(files).set(file, flipped(bytes, at));
        await put(storage, keyOf(task), altered);
        const { value, isCached, isListed, refused, reported } = await outcomeOf(
          storage,
          task,
          reader,
        );
        const about = `bit ${at} of ${file}`;
        assertEquals(value, undefined, about);
        assertEquals(reported, [], about);
        // Data is looked at only when it is loaded; the rest stands signed.
        const isData = file === "result.json";
        assertEquals([isCached, isListed], [isData, isData], about);
        assertEquals(refused.length, isData ? 1 : 3, about);
        const known = file === SIGNATURE_FILE ? ["altered", "unknown key"] : ["altered"];
        assert(refused.every((why) => known.includes(why)), about);
      }
    }
    await put(storage, keyOf(task), files);
    assertEquals(await outcomeOf(storage, task, reader), trusted("the answer"));
  });
}

Deno.test("what is cut, longer or gone is not believed", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  const files = await filesOf(storage, keyOf(task));
  for (const [file, bytes] of files) {
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    for (const changed of [bytes.slice(0, -1), bytes.slice(1), longer, new Uint8Array()]) {
      await put(storage, keyOf(task), new Map(files).set(file, changed));
      assertEquals((await outcomeOf(storage, task, reader)).value, undefined);
    }
    await put(storage, keyOf(task), [...files].filter(([name]) => name !== file));
    assertEquals((await outcomeOf(storage, task, reader)).value, undefined);
  }
});

Deno.test("a signature is one entry's: swapped with another's, or moved with it, it is not believed", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  await save(storage, other, own, { value: "another answer" });
  const [one, two] = [await filesOf(storage, keyOf(task)), await filesOf(storage, keyOf(other))];
  for (const file of one.keys()) {
    await put(storage, keyOf(task), new Map(one).set(file, two.get(file)!));
    assertEquals((await outcomeOf(storage, task, reader)).value, undefined, file);
  }
  await put(storage, keyOf(task), two);
  assertEquals(await outcomeOf(storage, task, reader), refusedAs("altered"));
  const call = { signing: reader };
  assertEquals(await CACHE.load(storage, keyOf(other), task, call), undefined);
});

Deno.test("an older entry of the same key, put back, is believed: a signature does not tell the newest", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own, { value: "older" });
  const older = await filesOf(storage, keyOf(task));
  await save(storage, task, own, { value: "newer" });
  await put(storage, keyOf(task), older);
  assertEquals(await outcomeOf(storage, task, reader), trusted("older"));
});

Deno.test("while keys change, entries of both are trusted; of a key that is taken from the list, none", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  await save(storage, other, await openKeys({ key: theirs.privateKey }));
  const both = await openKeys({ trust: [ours.publicKey, theirs.publicKey] });
  assertEquals((await outcomeOf(storage, task, both)).value, "the answer");
  assertEquals((await outcomeOf(storage, other, both)).value, "the answer");
  const after = await openKeys({ trust: [theirs.publicKey] });
  assertEquals(await outcomeOf(storage, task, after), refusedAs("unknown key"));
  assertEquals((await outcomeOf(storage, other, after)).value, "the answer");
});

Deno.test("files that nobody signed change nothing of what is loaded", async () => {
  const storage = new MemoryStorage();
  const cache = new BytesCache();
  const value = new TextEncoder().encode("bytes");
  await save(storage, task, own, { cache, value });
  const files = await filesOf(storage, keyOf(task, cache));
  const planted = new TextEncoder().encode("string"); // by this file, a text would come back
  await put(storage, keyOf(task, cache), [["kind.txt", planted], ["result.a", planted], ...files]);
  assertEquals(await outcomeOf(storage, task, reader, cache), trusted(value));
});

Deno.test("no other form of a signature is taken, whatever its key says", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  const files = await filesOf(storage, keyOf(task));
  const text = new TextDecoder().decode(files.get(SIGNATURE_FILE));
  const { key, signature } = JSON.parse(text);
  const forms = [
    text.replace("ed25519:", "rsa2048:"),
    text.replace("ed25519:", "Ed25519:"),
    text.replace("\n", " "),
    text.replace("\n", ""),
    text.replace(":", ": "),
    JSON.stringify({ signature, key }) + "\n",
    JSON.stringify({ key, signature, algorithm: "none" }) + "\n",
    `{"key":"${key}","key":"${key}","signature":"${signature}"}\n`,
    text.replaceAll("=", ""),
    `[]`,
    "null\n",
    "\u0000".repeat(text.length),
    "",
  ];
  for (const form of forms) {
    await put(
      storage,
      keyOf(task),
      new Map(files).set(SIGNATURE_FILE, new TextEncoder().encode(form)),
    );
    assertEquals(await outcomeOf(storage, task, reader), refusedAs("altered"), form);
  }
});

Deno.test("a signature file of whatever size but the right one is not read", async () => {
  const refuse = () => {
    throw new Error("It was read");
  };
  for (const bytes of [0, 1, 165, 167, 1e15]) {
    const entry: Entry = {
      key: "k",
      files: new Map([[SIGNATURE_FILE, bytes]]),
      read: refuse,
      stream: refuse,
    };
    assertEquals(await reader.check(entry, new Uint8Array()), "altered");
  }
});

Deno.test("a file that claims more bytes than were signed is not read", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  const read: string[] = [];
  const fat = new class extends Storage {
    readonly permissions = {};
    readonly create = storage.create;
    findKeys = () => storage.findKeys();
    exists = () => Promise.resolve(true);
    delete = () => Promise.resolve(true);
    async open(key: string): Promise<Entry | undefined> {
      const entry = (await storage.open(key))!;
      return {
        key,
        files: new Map(entry.files).set("result.json", 1e15),
        read: (file) => (read.push(file), entry.read(file)),
        stream: (file) => entry.stream(file),
      };
    }
  }();
  assertEquals((await outcomeOf(fat, task, reader)).value, undefined);
  assert(!read.includes("result.json"));
});

Deno.test("the bytes that were checked are those that are believed: they are read once", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  const evil = new TextEncoder().encode("{}");
  let reads = 0;
  const fickle = new class extends Storage {
    readonly permissions = {};
    readonly create = storage.create;
    findKeys = () => storage.findKeys();
    exists = () => Promise.resolve(true);
    delete = () => Promise.resolve(true);
    async open(key: string): Promise<Entry | undefined> {
      const entry = (await storage.open(key))!;
      let seen = false;
      return {
        key,
        files: entry.files,
        stream: (file) => entry.stream(file),
        read(file) {
          if (file !== METADATA) return entry.read(file);
          reads++;
          if (seen) return Promise.resolve(evil);
          seen = true;
          return entry.read(file);
        },
      };
    }
  }();
  assertEquals(await outcomeOf(fickle, task, reader), trusted("the answer"));
  assertEquals(reads, 3);
});

Deno.test("without a key nothing is saved, and an earlier entry stays", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  await assertRejects(() => save(storage, task, reader), CacheError, "lab keygen");
  assertEquals(await outcomeOf(storage, task, reader), trusted("the answer"));
});

Deno.test("no cache writes a file by the name of the signature", async () => {
  const storage = new MemoryStorage();
  const cache = new class extends BytesCache {
    override async saveResult(draft: { write(file: string, data: Uint8Array): Promise<void> }) {
      await draft.write(SIGNATURE_FILE, new Uint8Array());
    }
  }();
  await assertRejects(() => save(storage, task, undefined, { cache }), CacheError, SIGNATURE_FILE);
});

// Arithmetic on the curve, by the formulas of RFC 8032, section 5.1.4, on numbers as they are.
const P = 2n ** 255n - 19n;
const mod = (n: bigint) => ((n % P) + P) % P;
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [mod(base), exponent]; e > 0n; b = b * b % P, e >>= 1n) {
    if (e & 1n) result = result * b % P;
  }
  return result;
}
const D = mod(-121665n * power(121666n, P - 2n));
/** Whether eight times a point with this y is the neutral one: by doubling y alone, thrice. */
function hasSmallOrder(key: Uint8Array): boolean {
  let y = mod(
    key.reduceRight((n, byte, i) => n * 256n + BigInt(i === 31 ? byte & 0x7f : byte), 0n),
  );
  for (let i = 0; i < 3; i++) {
    const y2 = y * y % P;
    const x2 = (y2 - 1n) * power(D * y2 + 1n, P - 2n) % P;
    y = mod((y2 + x2) * power(1n - D * x2 % P * y2, P - 2n));
  }
  return y === 1n;
}

Deno.test("the public keys that are refused are those of small order, and no others", async () => {
  const two = [0n, 1n, P - 1n, P, P + 1n].map(bytesOf);
  const eight = [
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ].map((hex) => Uint8Array.fromHex(hex));
  for (const key of [...two, ...eight]) {
    for (const sign of [0, 0x80]) {
      const signed = key.slice();
      signed[31]! |= sign;
      assert(hasSmallOrder(signed) && isOfSmallOrder(signed), signed.toHex());
      assert("problem" in readPublicKey(publicKeyText(signed)));
      await assertRejects(() => openKeys({ trust: [publicKeyText(signed)] }), Error, "small order");
    }
  }
  for (let n = 2n; n < 50n; n++) {
    assertEquals(isOfSmallOrder(bytesOf(n)), hasSmallOrder(bytesOf(n)));
  }
  assert(!isOfSmallOrder(Uint8Array.fromBase64(ours.publicKey.slice(8))));
});

function bytesOf(y: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 32; i++, y >>= 8n) bytes[i] = Number(y & 255n);
  return bytes;
}

Deno.test("signatures that anybody can make up, by a key of small order, are refused", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  const files = await filesOf(storage, keyOf(task));
  const identity = bytesOf(1n);
  const signature = new Uint8Array(64);
  signature.set(identity);
  const message = new TextEncoder().encode("anything");
  const key = await crypto.subtle.importKey("raw", identity, "Ed25519", true, ["verify"]);
  // Should this come to fail, WebCrypto has become strict by itself.
  assert(await crypto.subtle.verify("Ed25519", key, signature, message));
  const forged = encodeSignature({ publicKey: identity, signature });
  await put(storage, keyOf(task), new Map(files).set(SIGNATURE_FILE, forged));
  assertEquals(await outcomeOf(storage, task, reader), refusedAs("altered"));
});

Deno.test("a signature is 166 bytes of one form, over the metadata with a name before", async () => {
  const storage = new MemoryStorage();
  await save(storage, task, own);
  const files = await filesOf(storage, keyOf(task));
  const bytes = files.get(SIGNATURE_FILE)!;
  assertEquals(bytes.length, 166);
  const text = new TextDecoder().decode(bytes);
  assertMatch(text, /^\{"key":"ed25519:[A-Za-z0-9+/]{43}=","signature":"[A-Za-z0-9+/]{86}=="\}\n$/);
  const { key, signature } = JSON.parse(text);
  assertEquals(key, ours.publicKey);
  const raw = Uint8Array.fromBase64(key.slice(8));
  const verifier = await crypto.subtle.importKey("raw", raw, "Ed25519", true, ["verify"]);
  const name = new TextEncoder().encode("labtech entry signature 1\n");
  assertEquals(name.length, 26);
  const signed = new Uint8Array([...name, ...files.get(METADATA)!]);
  assert(
    await crypto.subtle.verify("Ed25519", verifier, Uint8Array.fromBase64(signature), signed),
  );
});
