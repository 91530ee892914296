import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { KEYS, S3Server, testWithS3 } from "../servers/versitygw.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const SCRIPT = new URL("./_s3_lab.ts", import.meta.url).href;
const NAMES = { OUR_KEY: KEYS.accessKeyId, OUR_SECRET: KEYS.secretAccessKey };

interface Ran {
  readonly out: string;
  readonly err: string;
}

async function run(
  storage: object,
  { flags, env, what = "" }: { flags: string[]; env: Record<string, string>; what?: string },
): Promise<Ran> {
  const config = { storage, runner: "workers", maxWorkers: 2, progress: false };
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-lock", "--config", CONFIG, ...flags, SCRIPT]
      .concat([JSON.stringify(config), what]),
    env,
  }).output();
  const decoder = new TextDecoder();
  return { out: decoder.decode(stdout).trim(), err: decoder.decode(stderr).trim() };
}

testWithS3(
  "S3Storage: a Lab from a configuration saves by workers, with keys from the environment and the " +
    "permissions that it asks for",
  async () => {
    await using server = await S3Server.start();
    const { bucket, endpoint } = server.bucket();
    const credentials = { accessKeyId: { env: "OUR_KEY" }, secretAccessKey: { env: "OUR_SECRET" } };
    const storage = { type: "s3", bucket, endpoint, credentials };
    const asked = await run(storage, { flags: ["-A"], env: NAMES, what: "flags" });
    const flags = asked.out.split("\n");
    assert(flags.includes(`--allow-net=127.0.0.1:${server.port}`), asked.out + asked.err);
    assert(flags.every((flag) => flag.includes("=")), asked.out);
    let ran: Ran | undefined;
    const requests = await server.requests(async () => {
      ran = await run(storage, { flags, env: NAMES });
    });
    assertEquals(ran, { out: "30 run, 30 cached", err: "" });
    // How many tasks are claimed before they are told to be short depends on the machine.
    const puts = requests.filter((line) =>
      line.startsWith("PutObject") && !line.includes("claims/")
    );
    assertEquals(puts.length, 31);
    const without = flags.filter((flag) => !flag.startsWith("--allow-net"));
    const refused = await run(storage, { flags: without, env: NAMES });
    assertStringIncludes(refused.err, `--allow-net=127.0.0.1:${server.port}`);
    for (const secret of Object.values(NAMES)) {
      assertFalse((asked.out + asked.err + refused.out + refused.err).includes(secret));
    }
  },
);

for (const [what, storage] of Object.entries({ chain: {}, profile: { profile: "work" } })) {
  testWithS3(
    `S3Storage: credentials come from the ${what}, with the permissions that it asks for`,
    async () => {
      await using server = await S3Server.start();
      const { bucket, endpoint } = server.bucket();
      const home = await Deno.realPath(await Deno.makeTempDir());
      try {
        await Deno.mkdir(`${home}/.aws`);
        const [id, key] = [KEYS.accessKeyId, KEYS.secretAccessKey];
        await Deno.writeTextFile(
          `${home}/.aws/credentials`,
          `[work]\naws_access_key_id = ${id}\naws_secret_access_key = ${key}\n`,
        );
        await Deno.writeTextFile(`${home}/.aws/config`, "[profile work]\nregion = us-east-1\n");
        const env: Record<string, string> = what === "chain"
          ? { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key, AWS_REGION: "us-east-1" }
          : {};
        const all = { DENO_DIR: denoDir(), ...env, HOME: home };
        const given = "profile" in storage ? { credentials: storage } : {};
        const spec = { type: "s3", bucket, endpoint, ...given };
        const flags = (await run(spec, { flags: ["-A"], env: all, what: "flags" })).out;
        assertFalse(/^--allow-(net|env|read|write|run|sys)$/m.test(flags), flags);
        const ran = await run(spec, { flags: flags.split("\n"), env: all });
        assertEquals(ran, { out: "30 run, 30 cached", err: "" });
      } finally {
        await Deno.remove(home, { recursive: true });
      }
    },
  );
}

/** Where packages are cached: another home must not make them be downloaded again. */
function denoDir(): string {
  const caches = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  return Deno.env.get("DENO_DIR") ?? `${caches}/deno`;
}
