/** Others verify what this library signs, and make keys that it takes: OpenSSL, and Python's cryptography. */
import { Lab, task } from "@labtech/lab";
import { generateKey, openKeys, SIGNATURE_FILE } from "@labtech/lab/signing";
import { MemoryStorage } from "@labtech/lab/storages";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { signedBytes } from "../signing/entry_signature.ts";
import { scratch } from "./e2e/_scratch.ts";
import { Answer, filesOf, flipped, keyOf, outcomeOf, save, trusted } from "./_signed_entries.ts";
import { runPython, virtualEnvironment, whyNoPython } from "./_python.ts";

/** Runs OpenSSL; gives whether it succeeded, and what it said. */
async function openssl(...args: string[]): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command("openssl", { args }).output();
  return { success, text: new TextDecoder().decode(success ? stdout : stderr) };
}

const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";
const whyNoOpenssl = mayRun ? await whyWithoutOpenssl() : "it needs --allow-run";

async function whyWithoutOpenssl(): Promise<string | undefined> {
  try {
    const { text } = await openssl("version");
    return /^OpenSSL 3/.test(text) ? undefined : `it needs OpenSSL 3, not ${text.trim()}`;
  } catch {
    return "there is no openssl";
  }
}

function test(
  name: string,
  why: string | undefined,
  fn: (t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test({
    name: `${name}${why === undefined ? "" : ` (skipped: ${why})`}`,
    ignore: why !== undefined,
    fn,
  });
}

test(
  "keys that OpenSSL makes are taken, and it verifies what they sign",
  whyNoOpenssl,
  async () => {
    await using place = await scratch();
    const [key, pub] = [place.path("lab.key"), place.path("lab.pub")];
    assert((await openssl("genpkey", "-algorithm", "ed25519", "-out", key)).success);
    assert((await openssl("pkey", "-in", key, "-pubout", "-out", pub)).success);
    const signing = await openKeys({ key: { file: key } });
    const storage = new MemoryStorage();
    await save(storage, Answer({ n: 1 }), signing);
    assertEquals(await outcomeOf(storage, Answer({ n: 1 }), signing), trusted("the answer"));

    const files = await filesOf(storage, keyOf(Answer({ n: 1 })));
    const written = JSON.parse(new TextDecoder().decode(files.get(SIGNATURE_FILE)));
    const spki = (await Deno.readTextFile(pub)).split("\n")[1]!;
    assertEquals(written.key.slice(8), Uint8Array.fromBase64(spki).slice(-32).toBase64());
    const message = signedBytes(files.get("metadata.json")!);
    await Deno.writeFile(place.path("signature"), Uint8Array.fromBase64(written.signature));
    const verify = ["pkeyutl", "-verify", "-pubin", "-inkey", pub, "-rawin"];
    for (const [bytes, expected] of [[message, true], [flipped(message, 999), false]] as const) {
      await Deno.writeFile(place.path("message"), bytes);
      const args = ["-in", place.path("message"), "-sigfile", place.path("signature")];
      assertEquals((await openssl(...verify, ...args)).success, expected);
    }
  },
);

test("OpenSSL reads the keys that this library makes", whyNoOpenssl, async () => {
  await using place = await scratch();
  const { privateKey, publicKey } = await generateKey();
  await Deno.writeTextFile(place.path("lab.key"), privateKey);
  const { text } = await openssl("pkey", "-in", place.path("lab.key"), "-noout", "-text_pub");
  assertMatch(text, /^ED25519 Public-Key/);
  const digits = text.split("pub:")[1]!.replaceAll(/[^0-9a-f]/g, "");
  assertEquals(Uint8Array.fromHex(digits).toBase64(), publicKey.slice(8));
});

const Noted = task(null, { name: "SignedNote", run: ({ text }: { text: string }) => text });

test("the code of docs/signing.md verifies entries in Python", whyNoPython(), async (t) => {
  await using place = await scratch();
  const made = await virtualEnvironment(place.path("venv"), ["cryptography>=42"]);
  if ("reason" in made) {
    await t.step({ name: `skipped: ${made.reason}`, ignore: true, fn: () => {} });
    return;
  }
  const page = await Deno.readTextFile(new URL("../docs/signing.md", import.meta.url));
  const [, code] = /^```python\n([\s\S]*?)^```$/m.exec(page)!;
  await Deno.writeTextFile(
    place.path("check.py"),
    `${code}
import sys
folder, key, *trusted = sys.argv[1:]
try:
    metadata, files = verified(folder, key, trusted)
    print("verified", metadata["key"], files["result.json"].decode(), end="")
except Exception as error:
    print("refused", type(error).__name__, error)
`,
  );
  const [ours, theirs] = [await generateKey(), await generateKey()];
  const storage = place.path("results");
  await using lab = new Lab({
    storage: { type: "local", dir: storage },
    cache: { type: "json", indent: 0 },
    runner: "serial",
    progress: false,
    signing: { key: ours.privateKey },
  });
  const checked = async (folder: string, key: string, ...trust: string[]) => {
    const args = [place.path("check.py"), `${storage}/${folder}`, key, ...trust];
    const { stdout, stderr } = await runPython(made.python, args);
    assertEquals(stderr, "");
    return stdout.trim();
  };
  const folderOf = async (key: string) => {
    for await (const { name } of Deno.readDir(storage)) if (name.startsWith(key)) return name;
    throw new Error(`There is no folder of ${key}`);
  };
  // The metadata of the second is too long for the record of its entry: it lies in a file of its own.
  for (const text of ["short", "x".repeat(2 ** 20)]) {
    const note = Noted({ text });
    await lab.runTask(note);
    const key = await lab.keyOf(note);
    const folder = await folderOf(key);
    const verified = `verified ${key} ${JSON.stringify(text)}`;
    assertEquals(await checked(folder, key, theirs.publicKey, ours.publicKey), verified);
    assertMatch(await checked(folder, key, theirs.publicKey), /^refused ValueError .* not trusted/);
    assertMatch(await checked(folder, "other", ours.publicKey), /^refused ValueError other holds/);
    for await (const { name } of Deno.readDir(`${storage}/${folder}`)) {
      const path = `${storage}/${folder}/${name}`;
      const bytes = await Deno.readFile(path);
      // In the record, what lies at its end is the metadata, and else what is not signed.
      if (name === "metadata.json" && text !== "short") continue;
      await Deno.writeFile(path, flipped(bytes, 8 * Math.max(0, bytes.length - 10)));
      assertMatch(await checked(folder, key, ours.publicKey), /^refused /, name);
      await Deno.writeFile(path, bytes);
    }
  }
});
