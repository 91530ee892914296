import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { StorageError } from "../../errors.ts";
import { keysOf, rejection, save, textsOf } from "../../testing/_storage_scene.ts";
import { RedisStorage } from "../../storages/redis.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { redisScene } from "./_redis_place.ts";
import { scratch } from "./_scratch.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const FILES = { "a.txt": "a", "metadata.json": "{}" };

testWithRedis("a program that forgot to dispose its storage ends", async () => {
  await using scene = await redisScene();
  const { url, port } = scene.server;
  const ended = await deno("_redis_forgetful.ts", [url], [`--allow-net=127.0.0.1:${port}`]);
  assertEquals(ended, { code: 0, stdout: "undefined 1048576\n", stderr: "" });
});

testWithRedis(
  "a program needs the permission to speak to the server, by name or address",
  async () => {
    await using scene = await redisScene();
    const { port } = scene.server;
    for (const host of ["localhost", "127.0.0.1"]) {
      const url = `redis://${host}:${port}`;
      const { code, stderr } = await deno("_redis_forgetful.ts", [url], [
        "--allow-net=example.com",
      ]);
      assertEquals(code, 1);
      assertStringIncludes(
        stderr,
        `may not speak to the storage ${url}/0; run with --allow-net=${host}:`,
      );
      const { stdout } = await deno("_redis_forgetful.ts", [url], [`--allow-net=${host}:${port}`]);
      assertEquals(stdout, "undefined 1048576\n");
    }
  },
);

testWithRedis("a Lab from a configuration keeps results on a server with a password", async () => {
  await using place = await scratch();
  await using scene = await redisScene({ args: ["--requirepass", "s3cret", "--save", ""] });
  const { url } = scene.server;
  const config = `${place.dir}/lab.json`;
  const storage = { type: "redis", url: { env: "LAB_REDIS" }, ttl: 3600 };
  const runner = { type: "workers", maxWorkers: 2 };
  Deno.writeTextFileSync(config, JSON.stringify({ storage, runner }));
  const env = { LAB_REDIS: url.replace("//", "//:s3cret@") };
  const flags = await deno("_redis_lab.ts", [config, "flags"], ["-A"], env);
  assertStringIncludes(flags.stdout, `--allow-net=127.0.0.1:${scene.server.port}`);
  assertStringIncludes(flags.stdout, "--allow-env=LAB_REDIS");
  const granted = flags.stdout.trim().split("\n").concat(`--allow-read=${config}`);
  const reads = granted.filter((flag) => flag.startsWith("--allow-read="));
  const read = `--allow-read=${reads.map((flag) => flag.slice(13)).join()}`;
  const few = [...granted.filter((flag) => !reads.includes(flag)), read];
  for (let round = 0; round < 2; round++) {
    const ended = await deno("_redis_lab.ts", [config], few, env);
    assertEquals(ended, { code: 0, stdout: "50 run, 50 cached, 7\n", stderr: "" });
  }
  const found = scene.again({ password: "s3cret" });
  const keys = await keysOf(found);
  assertEquals(keys.length, 51, "results, and the record of the run");
  for (const key of keys) {
    const texts = await textsOf(found, key);
    assert(!JSON.stringify(texts).includes("s3cret"), "the password is in the metadata");
  }
  const wrong = { LAB_REDIS: url.replace("//", "//:wr0ng@") };
  const refused = await deno("_redis_lab.ts", [config], ["-A"], wrong);
  assertEquals(refused.code, 1);
  assertMatch(refused.stderr, /WRONGPASS/);
  assert(!/wr0ng/.test(refused.stderr + refused.stdout), refused.stderr);
});

testWithRedis(
  "a connection with TLS trusts the certificate that it is given, and no other",
  async () => {
    await using place = await scratch();
    const { key, certificate } = await certified(place.dir);
    await using server = await RedisServer.start({ tls: { key, certificate } });
    const ca = Deno.readTextFileSync(certificate);
    for (const host of ["127.0.0.1", "localhost"]) {
      const url = server.url.replace("127.0.0.1", host);
      await using storage = new RedisStorage({ url, ca });
      await save(storage, host.replaceAll(".", "-"), FILES);
      assertEquals(await textsOf(storage, host.replaceAll(".", "-")), FILES);
      await using untrusting = new RedisStorage({ url });
      const error = await rejection(untrusting.open("key"));
      assertInstanceOf(error, StorageError);
      assertMatch(error.message, /give the option ca the certificate that signed the server's/);
    }
    await using plain = new RedisStorage({
      url: server.url.replace("rediss", "redis"),
      timeout: 500,
    });
    assertInstanceOf(await rejection(plain.open("key")), StorageError);
  },
  { programs: ["openssl"] },
);

testWithRedis(
  "a program that stood still while it reached a server uses it all the same",
  async () => {
    await using place = await scratch();
    const { key, certificate } = await certified(place.dir);
    await using server = await RedisServer.start({ tls: { key, certificate } });
    const ca = Deno.readTextFileSync(certificate);
    await using known = new RedisStorage({ url: server.url, ca });
    await save(known, "key", FILES); // loads the client
    await using storage = new RedisStorage({ url: server.url, ca, timeout: 2000 });
    // The server is greeted, and answers while the program stands still.
    server.signal("SIGSTOP");
    const asking = storage.exists("key");
    await new Promise((resolve) => setTimeout(resolve, 100));
    server.signal("SIGCONT");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
    assertEquals(await asking, true);
  },
  { programs: ["openssl"] },
);

/** Makes a certificate of this machine, and its key. Gives their files. */
async function certified(dir: string): Promise<{ key: string; certificate: string }> {
  const [key, certificate] = [`${dir}/key.pem`, `${dir}/certificate.pem`];
  const made = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
      .concat(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
      .concat(["-keyout", key, "-out", certificate]),
  }).output();
  assert(made.success, new TextDecoder().decode(made.stderr));
  return { key, certificate };
}

/** Runs a program beside this file. */
async function deno(
  program: string,
  args: readonly string[],
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const url = new URL(program, import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
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
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
