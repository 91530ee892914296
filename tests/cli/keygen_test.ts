import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SIGNATURE_FILE } from "@labtech/lab/signing";
import { filesOf, put } from "../_signed_entries.ts";
import { cli, Project } from "./_project.ts";

function test(name: string, fn: (project: Project) => Promise<void>): void {
  Deno.test({
    name: `lab ${name}${cli.reason}`,
    ignore: cli.ignore,
    async fn() {
      await using project = await Project.create();
      await fn(project);
    },
  });
}

const PUBLIC = /^ed25519:[A-Za-z0-9+/]{43}=\n$/;

async function configure(project: Project, signing: object | undefined): Promise<void> {
  await project.write("deno.json", JSON.stringify({ labtech: { storage: "results", signing } }));
}

test("keygen writes a private key that only its owner may read, and prints the public one", async (project) => {
  const { code, stdout, stderr } = await project.run("keygen");
  assertEquals(code, 0);
  assertMatch(stdout, PUBLIC);
  assertStringIncludes(stderr, `"signing": { "key": { "file": "lab.key" } }`);
  assertStringIncludes(stderr, `"signing": { "trust": ["${stdout.trim()}"] }`);
  const key = await Deno.readTextFile(project.path("lab.key"));
  assertMatch(
    key,
    /^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=]{64}\n-----END PRIVATE KEY-----\n$/,
  );
  assert(!`${stdout}${stderr}`.includes(key.split("\n")[1]!));
  const { mode } = await Deno.stat(project.path("lab.key"));
  if (mode !== null) assertEquals(mode & 0o777, 0o600);
  const again = await project.run("keygen", "--public");
  assertEquals(again, { code: 0, stdout, stderr: "" });
  const json = await project.run("keygen", "--public", "--json");
  assertEquals(JSON.parse(json.stdout), { file: "lab.key", publicKey: stdout.trim() });
});

test("keygen overwrites nothing, not through a link either, unless it is forced to", async (project) => {
  const first = await project.run("keygen", "--out", "sub/a.key");
  const key = await Deno.readTextFile(project.path("sub/a.key"));
  const { code, stdout, stderr } = await project.run("keygen", "--out", "sub/a.key");
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "sub/a.key is there already; name another file by --out");
  if (Deno.build.os !== "windows") {
    await Deno.symlink(project.path("nowhere"), project.path("link.key"));
    assertEquals((await project.run("keygen", "-o", "link.key")).code, 2);
    await Deno.remove(project.path("link.key"));
  }
  assertEquals(await Deno.readTextFile(project.path("sub/a.key")), key);
  const forced = await project.run("keygen", "--out", "sub/a.key", "--force");
  assertMatch(forced.stdout, PUBLIC);
  assert(forced.stdout !== first.stdout);
  const { mode } = await Deno.stat(project.path("sub/a.key"));
  if (mode !== null) assertEquals(mode & 0o777, 0o600);
  const names = [...Deno.readDirSync(project.path("sub"))].map(({ name }) => name);
  assertEquals(names.sort(), ["a.key", "sub"]);
});

test("keygen says what is in its way", async (project) => {
  const cases: [string[], RegExp][] = [
    [["--out", "none/lab.key"], /^there is no folder none\n$/],
    [["--public"], /^there is no file lab\.key\n$/],
    [["--public", "--out", "study.ts"], /study\.ts: expected a private key in PEM/],
    [["--public", "--force"], /--public makes no key/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await project.run("keygen", ...args);
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, expected);
  }
});

test("run signs by the key of its configuration, and does nothing where that is missing", async (project) => {
  await configure(project, { key: { file: "lab.key" } });
  const missing = await project.run("run", "study.ts");
  assertEquals([missing.code, missing.stdout], [2, ""]);
  assertMatch(missing.stderr, /^signing\.key: there is no file .*lab\.key; lab keygen makes a key/);
  await project.run("keygen");
  const ran = await project.run("run", "study.ts", "--json");
  assertEquals(JSON.parse(ran.stdout).summary.untrusted, 0);
  assertMatch((await project.run("permissions")).stdout, /--allow-read=\S*lab\.key/);
  const { stdout } = await project.run("keygen", "--out", "other.key");
  await configure(project, { trust: [stdout.trim()] });
  const reader = await project.run("run", "study.ts");
  assertEquals(reader.code, 1);
  assertStringIncludes(reader.stderr, "3 entries of the storage are not trusted");
  assertMatch(reader.stderr, /No trusted result of Scaled\(.*\) and 2 more is in the storage/);
});

test("ls and show tell who signed, and what that is worth", async (project) => {
  await project.run("keygen");
  await configure(project, { key: { file: "lab.key" } });
  await project.run("run", "study.ts", "--tasks", "made");
  const other = (await project.run("keygen", "--out", "other.key")).stdout.trim();
  const entries = async () => JSON.parse((await project.run("ls", "--json")).stdout).entries;
  const [{ key, signature: { fingerprint, state } }, { key: second }] = await entries();
  assertMatch(fingerprint, /^[0-9a-f]{16}$/);
  assertEquals(state, "trusted");
  {
    await using lab = await project.lab();
    const files = await filesOf(lab.storage!, second);
    await put(lab.storage!, second, [...files].filter(([name]) => name !== SIGNATURE_FILE));
  }
  const states = async (signing?: object) => {
    await configure(project, signing);
    const found = await entries();
    return [key, second].map((of) =>
      found.find((entry: { key: string }) => entry.key === of).signature?.state
    );
  };
  assertEquals(await states({ key: { file: "lab.key" } }), ["trusted", "unsigned"]);
  assertMatch(
    (await project.run("ls")).stdout,
    new RegExp(`SIGNED BY.*[^]*${fingerprint}, trusted`),
  );
  assertMatch((await project.run("show", second)).stdout, /^signed by +not signed$/m);
  assertEquals(await states({ trust: [other] }), ["unknown key", "unsigned"]);
  const shown = await project.run("show", key, "--result");
  assertEquals(shown.code, 1);
  assertStringIncludes(
    shown.stderr,
    "is not trusted: it is signed by a key that is not among those",
  );
  assertEquals(await states(), ["valid", undefined]);
  assertMatch(
    (await project.run("show", key)).stdout,
    new RegExp(`^signed by +${fingerprint}$`, "m"),
  );
  {
    await using lab = await project.lab();
    const files = await filesOf(lab.storage!, key);
    const metadata = new TextDecoder().decode(files.get("metadata.json"));
    const altered = new TextEncoder().encode(metadata.replace('"duration"', ' "duration"'));
    await put(lab.storage!, key, files.set("metadata.json", altered));
  }
  assertEquals(await states(), ["altered", undefined]);
  assertEquals((await project.run("rm", key, second, "--yes")).code, 0);
  assertEquals(await entries(), []);
});
