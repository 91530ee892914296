/**
 * An S3 server of a test's own: Versity's gateway on a free port of this machine, with its buckets as
 * folders in a temporary directory. It is built once, by Go, into a cache folder of the user; the
 * environment variable `VERSITYGW` names one that is there already.
 *
 * @module
 */

const MODULE = "github.com/versity/versitygw/cmd/versitygw";
const VERSION = "v1.8.0";
/** For how long a server may take to answer, in ms. */
const PATIENCE = 60_000;

/** The keys that servers accept. */
export const KEYS = { accessKeyId: "test-access", secretAccessKey: "test-secret-0123456789" };

/** The program, or why no server can be started here. */
const gateway: { readonly path: string } | { readonly reason: string } = await find();

/** Why no server can be started here; `undefined` where one can. */
export const noS3: string | undefined = "reason" in gateway ? gateway.reason : undefined;

/** Registers a test that needs a server; where there can be none it says so, and is skipped. */
export function testWithS3(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: noS3 ? `${name} (${noS3})` : name, ignore: noS3 !== undefined, fn });
}

/** One server, which can be killed and started again on the same port and directory. */
export class S3Server implements AsyncDisposable {
  /** Where its files lie: each folder is a bucket. */
  readonly dir: string;
  /** The port it listens on. */
  readonly port: number;
  readonly #host: string;
  #process?: Deno.ChildProcess;
  #log: Promise<void> = Promise.resolve();
  #buckets = 0;
  #requests: string[] = [];

  private constructor(dir: string, host: string, port: number) {
    this.dir = dir;
    this.#host = host;
    this.port = port;
  }

  /** Starts a server, which listens at an address of this machine, and waits until it answers. */
  static async start({ host = "127.0.0.1" } = {}): Promise<S3Server> {
    const dir = await Deno.makeTempDir();
    for (let tries = 1;; tries++) {
      const server = new S3Server(dir, host, freePort());
      try {
        await server.again();
        return server;
      } catch (error) {
        await server.kill();
        // Another program may have taken the port in between.
        if (tries < 3) continue;
        await Deno.remove(dir, { recursive: true });
        throw error;
      }
    }
  }

  /** The address, as a storage takes it. */
  get endpoint(): string {
    return `http://${this.#host}:${this.port}`;
  }

  /** Makes a bucket, and gives the options of a storage in it. */
  bucket(): { bucket: string; endpoint: string; region: string; credentials: typeof KEYS } {
    const bucket = `bucket-${++this.#buckets}`;
    Deno.mkdirSync(`${this.dir}/${bucket}`);
    return { bucket, endpoint: this.endpoint, region: "us-east-1", credentials: KEYS };
  }

  /** Takes down what is asked of it: gives the calls that were made since, such as `PutObject /bucket/name`. */
  async requests(act: () => Promise<unknown>): Promise<string[]> {
    await this.#untilLogged("/before");
    this.#requests = [];
    await act();
    await this.#untilLogged("/after");
    return this.#requests.slice(0, -1);
  }

  /** Starts it again, after a kill. */
  async again(): Promise<void> {
    if ("reason" in gateway) throw new Error(gateway.reason);
    const address = `${this.#host}:${this.port}`;
    this.#process = new Deno.Command(gateway.path, {
      // Its access log has whole lines; what it prints by itself of calls at the same time is mixed up.
      args: ["--port", address, "--keep-alive", "--quiet", "--access-log", "-", "posix", this.dir],
      env: { ROOT_ACCESS_KEY_ID: KEYS.accessKeyId, ROOT_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#log = this.#follow(this.#process.stdout);
    let hasEnded = false;
    this.#process.status.then(() => hasEnded = true);
    for (const end = Date.now() + PATIENCE; !await answers(this.endpoint);) {
      if (hasEnded || Date.now() > end) throw new Error("The S3 server does not start");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (!process) return;
    try {
      process.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    await process.status;
    await this.#log;
  }

  /** Halts it, so that it answers nobody, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.kill(signal);
  }

  /** Ends it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.dir, { recursive: true });
  }

  async #follow(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const piece of stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const call = /^\S+ \S+ \[[^\]]*\] \S+ \S+ \S+ (?:s3_)?(\S+) \S+ (\/[^\s?]*)/.exec(line);
        if (call) this.#requests.push(`${call[1]} ${call[2]}`);
      }
    }
  }

  /** Asks for what is not there, until the log tells of it: then it tells of all that came before. */
  async #untilLogged(path: string): Promise<void> {
    await answers(this.endpoint + path);
    while (!this.#requests.some((line) => line.endsWith(` ${path}`))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Whether a server answers, were it with an error. */
async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).body?.cancel();
    return true;
  } catch {
    return false;
  }
}

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

async function find(): Promise<{ path: string } | { reason: string }> {
  const needed = ["run", "net", "env", "read", "write"] as const;
  const missing = needed.filter((name) => Deno.permissions.querySync({ name }).state !== "granted");
  if (missing.length > 0) {
    return { reason: `skipped: it needs ${missing.map((name) => `--allow-${name}`).join(", ")}` };
  }
  const given = Deno.env.get("VERSITYGW");
  if (given) return isThere(given) ? { path: given } : { reason: `skipped: no file ${given}` };
  return await build();
}

async function build(): Promise<{ path: string } | { reason: string }> {
  const dir = `${cacheFolder()}/labtech-tests`;
  const path = `${dir}/versitygw-${VERSION}`;
  if (isThere(path)) return { path };
  await Deno.mkdir(dir, { recursive: true });
  // Built aside and renamed, so that tests that run meanwhile see it whole.
  const aside = await Deno.makeTempDir({ dir });
  try {
    const { success, stderr } = await new Deno.Command("go", {
      args: ["install", `${MODULE}@${VERSION}`],
      env: { GOBIN: aside },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) {
      const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
      return { reason: `skipped: its server cannot be built: ${said}` };
    }
    await Deno.rename(`${aside}/versitygw`, path);
    return { path };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { reason: "skipped: it needs Go" };
    throw error;
  } finally {
    await Deno.remove(aside, { recursive: true });
  }
}

/** Where programs keep what they can make again. */
function cacheFolder(): string {
  const home = Deno.env.get("HOME");
  return Deno.env.get("XDG_CACHE_HOME") ??
    (home ? `${home}/.cache` : Deno.env.get("TMPDIR") ?? "/tmp");
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
