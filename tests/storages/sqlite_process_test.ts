import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SqliteStorage } from "../../storages/mod.ts";
import { keysOf, openThere, textsOf } from "../../testing/_storage_scene.ts";
import { scratch, testWithRun } from "./_scratch.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const SAVER = new URL("./_sqlite_saver.ts", import.meta.url);
const SAVERS = 3;
const ROUNDS = 40;
const KILLS = 8;

Deno.test("threads that save at once lose nothing, and of one key the last wins whole", async () => {
  await using place = await scratch();
  const file = `${place.dir}/r.db`;
  await assertAllSaved(file, (tag) => {
    const worker = new Worker(SAVER, { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage([file, tag, `${ROUNDS}`]);
    return promise.finally(() => worker.terminate());
  });
});

testWithRun(
  "programs that save at once lose nothing, and of one key the last wins whole",
  async () => {
    await using place = await scratch();
    const file = `${place.dir}/r.db`;
    await assertAllSaved(file, (tag) => deno("_sqlite_saver.ts", [file, tag, `${ROUNDS}`], [file]));
  },
);

testWithRun("a program that is killed while it saves leaves whole entries only", async () => {
  await using place = await scratch();
  const file = `${place.dir}/r.db`;
  let seen = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = command("_sqlite_saver.ts", [file, `k${kill}`, "1000000"], [file]).spawn();
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    await using storage = new SqliteStorage(file);
    const looking = setInterval(async () => {
      if (await storage.exists(`k${kill}-${kill % 3}`)) resolve();
    }, 1);
    await reached;
    await new Promise((resolve) => setTimeout(resolve, 3 * kill));
    child.kill("SIGKILL");
    await child.output();
    clearInterval(looking);
    assert(isWhole(await textsOf(storage, "Key")));
    for (const key of await keysOf(storage)) {
      seen++;
      for (const name of (await openThere(storage, key)).files.keys()) {
        await (await openThere(storage, key)).read(name);
      }
    }
  }
  console.log(`${KILLS} kills, ${seen} entries read after them, 0 torn`);
});

testWithRun("works with the permissions it asks for, and nothing wider", async () => {
  await using place = await scratch();
  const file = `${place.dir}/r 1.db`;
  assertMatch(await deno("_sqlite_scoped.ts", [file], [file]), /^\d+ passed$/);
});

testWithRun(
  "workers save in the database, with the permissions that their Lab asks for",
  async () => {
    await using place = await scratch();
    const args = [`${place.dir}/r.db`, "flags"];
    const { stdout } = await command("_sqlite_lab.ts", args, [], ["-A"]).output();
    const flags = new TextDecoder().decode(stdout).trim().split("\n");
    const ran = await command("_sqlite_lab.ts", args.slice(0, 1), [], flags).output();
    assertEquals(new TextDecoder().decode(ran.stdout).trim(), "50 run, 50 cached");
  },
);

testWithRun(
  "without permission an error names the flags, which are enough and needed",
  async () => {
    await using place = await scratch();
    const file = `${place.dir}/r.db`;
    for (const flags of [[], flagsFor(file).slice(0, 1), flagsFor(file).slice(1)]) {
      const { stdout } = await command("_sqlite_saver.ts", [file, "a"], [], flags).output();
      const text = new TextDecoder().decode(stdout);
      assertStringIncludes(text, "StorageError: Cannot");
      assertStringIncludes(text, `run with ${shown(place.dir, flagsFor(file).join(" "))}`);
    }
    const deep = `${place.dir}/deep/r.db`;
    assertStringIncludes(
      await deno("_sqlite_saver.ts", [deep, "a"], [deep]),
      `make "${place.dir}/deep", or run with --allow-write for it`,
    );
    assertEquals(await deno("_sqlite_saver.ts", [file, "a"], [file]), '{"a.txt":"0-a"}');
  },
);

/** Has savers save at once, and checks what is there after and meanwhile. */
async function assertAllSaved(
  file: string,
  start: (tag: string) => Promise<string>,
): Promise<void> {
  const tags = Array.from({ length: SAVERS }, (_, n) => `s${n}`);
  let isRunning = true;
  const running = Promise.all(tags.map(start)).finally(() => isRunning = false);
  await using storage = new SqliteStorage(file);
  let seen = 0;
  while (isRunning) {
    const texts = await textsOf(storage, "Key");
    assert(texts === undefined || isWhole(texts), JSON.stringify(Object.keys(texts ?? {})));
    seen += texts ? 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(await running, tags.map((tag) => `{"a.txt":"0-${tag}"}`));
  assertEquals((await keysOf(storage)).length, 1 + SAVERS * ROUNDS);
  console.log(`${SAVERS * ROUNDS} saves of one key, seen ${seen} times, 0 torn`);
}

function isWhole(texts: Readonly<Record<string, string>> | undefined): boolean {
  return texts !== undefined && texts["a.txt"] === texts["b.txt"] &&
    texts["metadata.json"] === "{}";
}

/** The flags for what a storage asks for. */
function flagsFor(file: string): string[] {
  const { read, write } = new SqliteStorage(file).permissions;
  return Object.entries({ read, write }).map(([kind, paths]) =>
    `--allow-${kind}=${(paths as string[]).join(",")}`
  );
}

/** Paths as they are shown to a program that runs in a folder. */
function shown(folder: string, text: string): string {
  return text.replaceAll(`${folder}/`, "");
}

async function deno(script: string, args: string[], files: string[]): Promise<string> {
  const { stdout, stderr } = await command(script, args, files).output();
  return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
}

function command(
  script: string,
  args: string[],
  files: string[],
  flags = files.flatMap(flagsFor),
): Deno.Command {
  const url = new URL(script, import.meta.url).href;
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-check",
      "--no-lock",
      "--config",
      CONFIG,
      ...flags,
      url,
      ...args,
    ],
    cwd: args[0]!.slice(0, args[0]!.lastIndexOf("/")).replace(/\/deep$/, ""),
    stdout: "piped",
    stderr: "piped",
  });
}
