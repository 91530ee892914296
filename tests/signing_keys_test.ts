import { ConfigError, Lab, LabError, type LabOptions, task, TaskError } from "@labtech/lab";
import { BaseCache, type Cache, JsonCache, NullCache } from "@labtech/lab/caches";
import { generateKey, openKeys, type SigningOptions } from "@labtech/lab/signing";
import { MemoryStorage } from "@labtech/lab/storages";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { fingerprint, readPublicKey, readPublicKeys } from "../signing/public_key.ts";
import { readPrivateKey } from "../signing/private_key.ts";
import { quietLab } from "./e2e/_lab.ts";
import { scratch, testWith } from "./e2e/_scratch.ts";
import { Answer, filesOf, outcomeOf, save, trusted } from "./_signed_entries.ts";

const { privateKey, publicKey } = await generateKey();
const secret = privateKey.split("\n")[1]!;

function signed(signing: SigningOptions, options: LabOptions = {}) {
  return quietLab({ storage: new MemoryStorage(), runner: "serial", ...options, signing });
}

async function problemOf(signing: SigningOptions): Promise<string> {
  const error = await assertRejects(() => openKeys(signing), ConfigError);
  assert(!JSON.stringify([error.message, error.mistakes, String(error.cause)]).includes(secret));
  return error.message;
}

Deno.test("a private key is read however its lines end, and comes to be one that cannot be read out", async () => {
  const body = `-----BEGIN PRIVATE KEY-----#${secret}#-----END PRIVATE KEY-----`;
  for (const end of ["\n", "\r\n", "\r", " ", "\\n"]) {
    for (const text of [body, `${body}#`, `#${body}##`]) {
      const read = await readPrivateKey(text.replaceAll("#", end));
      assert("key" in read, JSON.stringify(end));
      assertEquals([read.key.privateKey.extractable, read.key.privateKey.usages], [false, [
        "sign",
      ]]);
      assertEquals(`ed25519:${read.key.publicKey.toBase64()}`, publicKey);
    }
  }
});

Deno.test("what is no private key of Ed25519 is refused, and not shown", async () => {
  const pem = (kind: string, body = secret) =>
    `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----`;
  const pkcs8Of = async (algorithm: string | EcKeyGenParams, usages: KeyUsage[]) => {
    const pair = await crypto.subtle.generateKey(algorithm, true, usages) as CryptoKeyPair;
    return new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)).toBase64();
  };
  const cases: [string, RegExp][] = [
    [pem("ENCRYPTED PRIVATE KEY"), /is encrypted.*openssl pkey/],
    [pem("OPENSSH PRIVATE KEY"), /expected a PRIVATE KEY in PEM \(PKCS #8\), got OPENSSH/],
    [pem("PUBLIC KEY"), /got PUBLIC KEY/],
    [pem("PRIVATE KEY", secret.slice(0, -8)), /no private key of Ed25519, or a damaged one/],
    [pem("PRIVATE KEY", `${secret}!`), /expected a private key in PEM/],
    [pem("PRIVATE KEY", await pkcs8Of("X25519", ["deriveBits"])), /no private key of Ed25519/],
    [
      pem("PRIVATE KEY", await pkcs8Of({ name: "ECDSA", namedCurve: "P-256" }, ["sign"])),
      /no private key of Ed25519/,
    ],
    [`-----BEGIN ${secret}`, /expected a private key in PEM/],
  ];
  for (const [key, expected] of cases) assertMatch(await problemOf({ key }), expected);
});

Deno.test("keys of WebCrypto are taken: one that can be read out, or a pair that belongs together", async () => {
  const [open, sealed, another] = await Promise.all(
    [true, false, true].map(async (extractable) =>
      await crypto.subtle.generateKey("Ed25519", extractable, ["sign", "verify"]) as CryptoKeyPair
    ),
  );
  const storage = new MemoryStorage();
  for (const key of [open!.privateKey, open!, sealed!]) {
    const signing = await openKeys({ key });
    await save(storage, Answer({ n: 1 }), signing);
    assertEquals(await outcomeOf(storage, Answer({ n: 1 }), signing), trusted("the answer"));
  }
  assertMatch(await problemOf({ key: sealed!.privateKey }), /expected a pair/);
  assertMatch(await problemOf({ key: open!.publicKey }), /expected a private CryptoKey/);
  const mixed = { privateKey: open!.privateKey, publicKey: another!.publicKey };
  assertMatch(await problemOf({ key: mixed }), /do not belong together/);
});

Deno.test("public keys have one form, and lists of them have comments", () => {
  assert("key" in readPublicKey(publicKey));
  for (
    const text of [
      "",
      publicKey.slice(8),
      publicKey.slice(0, -1),
      ` ${publicKey}`,
      publicKey.replace("ed25519", "rsa"),
      `${publicKey.slice(0, -2)}B=`, // bits beyond the 32 bytes
      privateKey,
    ]
  ) assert("problem" in readPublicKey(text), text);
  const { keys, problems } = readPublicKeys(
    `\uFEFF# ours\r\n\n  ${publicKey}  # Ada\r${publicKey}#x\ned25519:short\n${privateKey}`,
  );
  assertEquals(keys.length, 2);
  assertMatch(problems.join("\n"), /^line 5: expected a public key.*\nline 6: holds a private key/);
  assert(!problems.join().includes(secret));
});

Deno.test("a fingerprint is the beginning of the SHA-256 of the key", () => {
  const key = new Uint8Array(32).fill(7);
  assertEquals(fingerprint(key), "4bb06f8e4e3a7715");
});

Deno.test("all mistakes of the options are told at once, and none shows what may be a secret", () => {
  const wrong = (signing: unknown) => {
    const error = assertThrows(
      () => new Lab({ storage: null, signing } as LabOptions),
      ConfigError,
    );
    assert(!error.message.includes(secret.slice(10, 20)), error.message);
    return error.mistakes.map(({ path }) => path);
  };
  assertEquals(wrong({}), ["signing"]);
  assertEquals(wrong({ trust: [] }), ["signing"]);
  assertEquals(wrong(privateKey), ["signing"]);
  assertEquals(wrong({ kye: privateKey }), ["signing.kye", "signing"]);
  assertEquals(wrong({ key: secret, trust: privateKey }), ["signing.trust", "signing.key"]);
  assertEquals(wrong({ trust: [privateKey, secret, publicKey, 7, { file: "" }, { env: "" }] }), [
    ...["signing.trust[0]", "signing.trust[1]", "signing.trust[3]", "signing.trust[4].file"],
    "signing.trust[5].env",
  ]);
  assertEquals(wrong({ key: { file: "a", env: "B" } }), ["signing.key"]);
  assertEquals(wrong({ key: new URL("https://example.com/lab.key") }), ["signing.key"]);
  assertEquals(wrong({ key: { privateKey: secret } }), ["signing.key"]);
});

Deno.test("nothing is read before the first call; what is missing then is told, and nothing runs", async () => {
  await using place = await scratch();
  const [key, list] = [place.path("lab.key"), place.path("team.keys")];
  await using lab = signed({ key: { file: key }, trust: [{ file: list }, publicKey] });
  const before = await assertRejects(() => lab.runTask(Answer({ n: 1 })), ConfigError);
  assertEquals(before.mistakes.map(({ path }) => path), ["signing.key", "signing.trust[0]"]);
  assertMatch(before.message, /there is no file .*lab\.key; lab keygen makes a key/);
  for (const call of [() => lab.isCached(Answer({ n: 1 })), () => lab.cachedTasks([Answer])]) {
    await assertRejects(call, ConfigError, "there is no file");
  }
  assertEquals(await Array.fromAsync(lab.storage!.findKeys()), []);
  await Deno.writeTextFile(key, privateKey, { mode: 0o600 });
  await Deno.writeTextFile(list, "# nobody\n");
  await assertRejects(() => lab.runTask(Answer({ n: 1 })), ConfigError, "there is no public key");
  await Deno.writeTextFile(list, `${publicKey}\n`);
  assertEquals(await lab.runTask(Answer({ n: 1 })), 1);
  await Deno.remove(key);
  assertEquals(await lab.isCached(Answer({ n: 1 })), true, "they are read once");
});

Deno.test("what is no file of keys is refused, not waited for: folders, and what is long or no text", async () => {
  await using place = await scratch();
  const key = { file: place.path("lab.key") };
  const write = (bytes: Uint8Array) => Deno.writeFile(key.file, bytes, { mode: 0o600 });
  assertMatch(await problemOf({ key: { file: place.dir } }), /is no file/);
  await write(new Uint8Array(20_000));
  assertMatch(await problemOf({ key }), /has 20000 bytes, and files of keys at most 10000/);
  await write(new Uint8Array([0xff, 0xfe]));
  assertMatch(await problemOf({ key }), /is no text/);
  await write(new TextEncoder().encode(secret));
  assertMatch(await problemOf({ key }), /lab\.key: expected a private key in PEM/);
  await write(new TextEncoder().encode(privateKey));
  assertMatch(await problemOf({ trust: [key] }), /lab\.key: line 1: holds a private key/);
  if (Deno.build.os !== "windows") {
    assertMatch(await problemOf({ key: { file: "/dev/zero" } }), /is no file/);
  }
});

Deno.test("a private key that others may read is warned of, once", async () => {
  if (Deno.build.os === "windows") return; // files have no modes there
  await using place = await scratch();
  const file = place.path("lab.key");
  const { warn } = console;
  const said: string[] = [];
  console.warn = (text: string) => said.push(text);
  try {
    for (const [mode, warnings] of [[0o600, 0], [0o400, 0], [0o640, 1], [0o604, 1]] as const) {
      await Deno.writeTextFile(file, privateKey);
      await Deno.chmod(file, mode);
      await using lab = signed({ key: { file } });
      await lab.runTask(Answer({ n: 1 }));
      await lab.runTask(Answer({ n: 2 }));
      assertEquals(said.splice(0).length, warnings, mode.toString(8));
      await Deno.chmod(file, 0o600);
    }
  } finally {
    console.warn = warn;
  }
});

Deno.test("permissions name the files and variables of keys, and no others", async () => {
  await using place = await scratch();
  const [a, b] = [place.path("a.key"), place.path("b.keys")];
  await using lab = new Lab({
    storage: null,
    runner: "serial",
    signing: {
      key: { file: a },
      trust: [{ file: new URL(`file://${b}`) }, { env: "K" }, publicKey],
    },
  });
  assertEquals(lab.permissions(), { read: [a, b], env: ["K"] });
});

testWith(
  "env",
  "a key may come from a variable of the environment, which errors name",
  async () => {
    const name = "LABTECH_TEST_KEY";
    const key = { env: name };
    try {
      assertMatch(await problemOf({ key }), new RegExp(`environment variable ${name} is not set`));
      Deno.env.set(name, secret);
      assertMatch(await problemOf({ key }), new RegExp(`variable ${name}: expected a private key`));
      Deno.env.set(name, privateKey.trim().replaceAll("\n", "\\n"));
      await using lab = signed({ key });
      assertEquals(await lab.runTask(Answer({ n: 1 })), 1);
      Deno.env.set(name, `${publicKey} # ours`);
      await using reader = signed({ trust: [key] }, { storage: lab.storage! });
      assertEquals(await reader.isCached(Answer({ n: 1 })), true);
    } finally {
      Deno.env.delete(name);
    }
  },
);

Deno.test("the private key is nowhere to be seen: not in the Lab, its errors, entries or contexts", async () => {
  const seen: string[] = [];
  const Spy = task(null, {
    name: "SigningSpy",
    run: ({ fails }: { fails: boolean }, ctx) => {
      seen.push(Deno.inspect(ctx, { depth: 20, showHidden: true }));
      console.log(ctx);
      if (fails) throw new Error("failed");
      return 1;
    },
  });
  const storage = new MemoryStorage();
  await using lab = signed({ key: privateKey }, { storage });
  await lab.runTask(Spy({ fails: false }));
  const error = await assertRejects(() => lab.runTask(Spy({ fails: true })), LabError);
  const files = await filesOf(storage, await lab.keyOf(Spy({ fails: false })));
  const inspected = { depth: 20, showHidden: true };
  const all = [
    ...seen,
    ...lab.lines,
    ...[lab, lab.signing, lab.cacheOf(Spy), error].map((it) => Deno.inspect(it, inspected)),
    JSON.stringify([lab, error, lab.permissions(), lab.permissionFlags()]),
    ...[...files.values()].map((bytes) => new TextDecoder().decode(bytes)),
  ].join("\n");
  const bytes = Uint8Array.fromBase64(secret).slice(16);
  for (
    const form of [secret, secret.slice(22), bytes.toHex(), bytes.toBase64(), bytes.join(", ")]
  ) {
    assert(!all.includes(form));
  }
  assert(all.includes(publicKey), "what is public may be seen");
});

/** A cache that knows nothing of signatures. */
class Careless implements Cache {
  readonly name = "careless";
  readonly keyPrefix = "careless__";
  readonly #json = new JsonCache();
  isCached: Cache["isCached"] = (storage, key) => this.#json.isCached(storage, key);
  save: Cache["save"] = (...call) => this.#json.save(...call);
  load: Cache["load"] = (storage, key, task) => this.#json.load(storage, key, task);
  loadTask: Cache["loadTask"] = (storage, type, key) => this.#json.loadTask(storage, type, key);
  delete: Cache["delete"] = (storage, key) => this.#json.delete(storage, key);
}

Deno.test("a cache that does not check signatures is refused where they matter, and only there", async () => {
  const cache = new Careless();
  const error = assertThrows(() => signed({ key: privateKey }, { cache }), ConfigError);
  assertMatch(error.message, /cache: the cache "careless" does not check signatures/);
  const Own = task(null, { name: "SigningCareless", cache, run: () => 1 });
  await using lab = signed({ key: privateKey });
  await assertRejects(() => lab.runTask(Own()), TaskError, '"careless" does not check signatures');
  await using unsigned = quietLab({ storage: new MemoryStorage(), runner: "serial", cache });
  assertEquals(await unsigned.runTask(Own()), 1);
  await using none = signed({ key: privateKey }, { cache: new NullCache() });
  assertEquals(await none.runTask(Answer({ n: 3 })), 3);
});

Deno.test("a cache is bound to the keys of its Lab, whoever calls it, and once for each", async () => {
  const storage = new MemoryStorage();
  await using lab = signed({ key: privateKey }, { storage });
  const cache = lab.cacheOf(Answer)!;
  assertEquals(lab.cacheOf(Answer), cache);
  const key = await lab.keyOf(Answer({ n: 1 }));
  const result = { value: 1, meta: { start: new Date(), duration: 1 } };
  await lab.cache.save(storage, key, Answer({ n: 1 }), result);
  assertEquals(await cache.load(storage, key, Answer({ n: 1 })), undefined);
  await cache.save(storage, key, Answer({ n: 1 }), result);
  assertEquals((await cache.load(storage, key, Answer({ n: 1 })))?.value, 1);
  assertEquals(cache.spec, undefined, "no other thread makes a bare one of it");
  assert(lab.cache instanceof BaseCache);
});

Deno.test("who trusts without a key reads, and refuses to compute what it could not keep", async () => {
  const storage = new MemoryStorage();
  await using writer = signed({ key: privateKey }, { storage, records: false });
  await writer.runTasks([Answer({ n: 1 })]);
  await using reader = signed({ trust: [publicKey] }, { storage });
  assertEquals((await reader.runTasks([Answer({ n: 1 })])).summary.cached, 1);
  assertEquals((await reader.cachedTasks([Answer])).length, 1);
  for (const options of [{}, { bustCache: true }]) {
    const tasks = [1, 2, 3].map((n) => Answer({ n }));
    const error = await assertRejects(() => reader.runTasks(tasks, options), LabError);
    assertMatch(error.message, /^No trusted result of SignedAnswer\(n=.\) and . more is in the/);
  }
  assertEquals((await Array.fromAsync(storage.findKeys())).length, 1);
  await using keeping = signed({ trust: [publicKey] }, { storage: null });
  assertEquals(await keeping.runTask(Answer({ n: 2 })), 2);
});
