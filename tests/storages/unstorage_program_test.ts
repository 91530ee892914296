import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { UnstorageStorage } from "../../storages/unstorage.ts";
import { keysOf } from "../../testing/_storage_scene.ts";
import { runChild } from "../e2e/_child.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { scratch, testWithRun } from "./_scratch.ts";

const PROGRAM = new URL("_unstorage_lab.ts", import.meta.url);
/** The sum of 3n for 12 tasks, and the sizes of their data. */
const SUM = 3 * 66 + (66 - 7) + 5_000_000;
const RAN = `12 run, 0 cached, 12 listed, sum ${SUM}, true`;
const CACHED = `0 run, 12 cached, 12 listed, sum ${SUM}, true`;

/** Writes the configuration of a Lab whose tasks run in workers, in a folder of its own. */
async function configIn(dir: string, storage: unknown): Promise<string> {
  await Deno.mkdir(`${dir}/conf`);
  const config = { storage, runner: "workers", maxWorkers: 2, progress: false, records: false };
  await Deno.writeTextFile(`${dir}/conf/lab.json`, JSON.stringify(config));
  return `${dir}/conf/lab.json`;
}

/** Runs the program as often as there are expectations. */
async function runs(config: string, flags: string[], expected: readonly string[]): Promise<void> {
  for (const line of expected) {
    const { stdout, stderr, code } = await runChild(PROGRAM, {
      args: [config],
      flags,
      cwd: Deno.cwd(),
      patience: 120_000,
    });
    assertEquals(stdout.trim(), line, stderr);
    assertEquals(code, 0);
  }
}

testWithRun(
  "a configuration's path of files is relative to its folder, on workers too",
  async () => {
    await using place = await scratch();
    const config = await configIn(place.dir, { type: "unstorage", driver: "fs", base: "results" });
    await runs(config, ["-A"], [RAN, CACHED]);
    await using storage = new UnstorageStorage({ driver: "fs", base: `${place.dir}/conf/results` });
    assertEquals((await keysOf(storage)).length, 12);
  },
);

testWithRun("the flags that a Lab tells are enough for files", async () => {
  await using place = await scratch();
  const config = await configIn(place.dir, { type: "unstorage", driver: "fs", base: "results" });
  const { stdout } = await runChild(PROGRAM, {
    args: [config, "flags"],
    flags: ["-A"],
  });
  const flags = stdout.trim().split("\n");
  assert(!flags.some((flag) => /--allow-(net|env|run|sys|all)/.test(flag)), stdout);
  await runs(config, flags, [RAN, CACHED]);
});

testWithRun("without the permission for files, the error names the flags", async () => {
  await using place = await scratch();
  const base = `${place.dir}/results`;
  const program = `${place.dir}/program.ts`;
  const module = new URL("../../storages/unstorage.ts", import.meta.url);
  await Deno.writeTextFile(
    program,
    `import { UnstorageStorage } from ${JSON.stringify(module.href)};
    const storage = new UnstorageStorage({ driver: "fs", base: ${JSON.stringify(base)} });
    const calls = [
      () => storage.open("key"),
      () => Array.fromAsync(storage.findKeys()),
      async () => {
        await using draft = await storage.create("key");
        await draft.commit();
      },
    ];
    for (const call of calls) await call().catch((error) => console.log(error.message));`,
  );
  const { stdout, stderr } = await runChild(program, { flags: [] });
  const lines = stdout.trim().split("\n");
  assertEquals(lines.length, 3, stdout + stderr);
  for (const line of lines) {
    assertMatch(
      line,
      /the program may not use the storage ".*"; run with --allow-read=.* --allow-write=/,
    );
    assertStringIncludes(line, base);
  }
});

testWithRedis(
  "two runs on a server: the second finds what the first saved by its workers",
  async () => {
    await using server = await RedisServer.start();
    await using place = await scratch();
    const url = { env: "UNSTORAGE_TEST_URL" };
    const config = await configIn(place.dir, {
      type: "unstorage",
      driver: "redis",
      url,
      base: "lab",
    });
    Deno.env.set(url.env, server.url);
    try {
      const { stdout } = await runChild(PROGRAM, {
        args: [config, "flags"],
        flags: ["-A"],
      });
      const flags = stdout.trim().split("\n");
      assert(flags.includes(`--allow-net=127.0.0.1:${server.port}`), stdout);
      await runs(config, flags, [RAN, CACHED]);
    } finally {
      Deno.env.delete(url.env);
    }
  },
);

testWithRedis("a server that is down is an error, and nothing else is printed", async () => {
  await using place = await scratch();
  const server = await RedisServer.start();
  const { url } = server;
  await server[Symbol.asyncDispose]();
  const program = `${place.dir}/program.ts`;
  const module = new URL("../../storages/unstorage.ts", import.meta.url);
  await Deno.writeTextFile(
    program,
    `import { UnstorageStorage } from ${JSON.stringify(module.href)};
    const options = { driver: "redis", url: ${JSON.stringify(url)}, maxRetriesPerRequest: 1 };
    await using storage = new UnstorageStorage(options);
    await storage.open("key").catch((error) => console.log(error.name, error.message));`,
  );
  const { stdout, stderr, code } = await runChild(program, { flags: ["-A"] });
  assertMatch(
    stdout,
    /^StorageError Cannot look for "key" in the storage .*is the server there\?\n$/,
  );
  assertEquals([stderr, code], ["", 0]);
});
