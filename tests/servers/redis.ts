/**
 * A Redis server of a test's own: Debian's `redis-server` on a free port of this machine, with its files in
 * a temporary directory.
 *
 * @module
 */

const SERVER = "redis-server";
const CLIENT = "redis-cli";
const READY = /Ready to accept connections/;

/** How a server is started. */
export interface RedisServerOptions {
  /** Arguments of `redis-server`, besides those for its place. @default nothing is kept on disk */
  readonly args?: readonly string[];
  /** The address it listens at. @default {127.0.0.1} */
  readonly host?: string;
  /** Files with its key and certificate, in PEM; it speaks TLS then, and nothing else. @default none */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

/** Why no server, or none of some other programs, can be started here; `undefined` where they can. */
export function noRedis(programs: readonly string[] = []): string | undefined {
  return forbidden() ?? missing([SERVER, CLIENT, ...programs]);
}

/** Registers a test that needs a server; where there can be none it says so, and is skipped. */
export function testWithRedis(
  name: string,
  fn: () => Promise<void>,
  { programs = [] }: { /** Other programs that it needs. */ programs?: readonly string[] } = {},
): void {
  const why = noRedis(programs);
  Deno.test({ name: why ? `${name} (skipped: ${why})` : name, ignore: why !== undefined, fn });
}

/** One server, which can be killed and started again on the same port and directory. */
export class RedisServer implements AsyncDisposable {
  /** Where its files lie. */
  readonly dir: string;
  /** The port it listens on. */
  readonly port: number;
  readonly #args: readonly string[];
  readonly #host: string;
  readonly #tls: RedisServerOptions["tls"];
  /** Where servers of a cluster speak with each other. */
  readonly #busPort = freePort();
  #process?: Deno.ChildProcess;
  #log: Promise<void> = Promise.resolve();

  private constructor(dir: string, port: number, { args, host, tls }: RedisServerOptions) {
    this.dir = dir;
    this.port = port;
    this.#args = args ?? ["--save", ""];
    this.#host = host ?? "127.0.0.1";
    this.#tls = tls;
  }

  /** Starts a server, and waits until it answers. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const dir = await Deno.makeTempDir();
    for (let tries = 1;; tries++) {
      const server = new RedisServer(dir, freePort(), options);
      try {
        await server.again();
        return server;
      } catch (error) {
        // Another program took the port in between.
        if (tries < 5 && /Address already in use/.test(String(error))) continue;
        await Deno.remove(dir, { recursive: true });
        throw error;
      }
    }
  }

  /** The address, as a storage takes it. */
  get url(): string {
    return `${this.#tls ? "rediss" : "redis"}://${this.#host}:${this.port}`;
  }

  /** Starts it again, after a kill. */
  async again(): Promise<void> {
    const port = `${this.port}`;
    // In its protected mode it would turn away whoever comes from another address.
    const at = ["--bind", this.#host, "--protected-mode", "no", "--dir", this.dir].concat(
      this.#tls
        ? ["--port", "0", "--tls-port", port, "--tls-auth-clients", "no"]
          .concat(["--tls-cert-file", this.#tls.certificate, "--tls-key-file", this.#tls.key])
          .concat(["--tls-ca-cert-file", this.#tls.certificate])
        : ["--port", port, "--cluster-port", `${this.#busPort}`],
    );
    this.#process = new Deno.Command(SERVER, {
      args: [...at, ...this.#args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#log = (async (stdout) => {
      let text = "";
      for await (const piece of stdout.pipeThrough(new TextDecoderStream())) {
        if (text.length < 100_000) text += piece;
        if (READY.test(text)) resolve();
      }
      reject(new Error(`The server ended by itself: ${text}`));
    })(this.#process.stdout);
    await promise;
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

  /** Sends it a command by its own client, and gives the answer as text. */
  async cli(...command: readonly string[]): Promise<string> {
    const { stdout, stderr } = await new Deno.Command(CLIENT, {
      args: ["-h", this.#host, "-p", `${this.port}`, ...command],
    }).output();
    const text = new TextDecoder().decode(stdout).trimEnd();
    const trouble = new TextDecoder().decode(stderr).trim();
    if (trouble) throw new Error(trouble);
    return text;
  }

  /** All keys in it, in order. */
  async keys(): Promise<string[]> {
    const text = await this.cli("--scan");
    return text === "" ? [] : text.split("\n").sort();
  }

  /** Ends it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.dir, { recursive: true });
  }
}

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

function forbidden(): string | undefined {
  const needed = [{ name: "run" }, { name: "net" }, { name: "read" }, { name: "write" }, {
    name: "env",
  }] as const;
  const denied = needed.filter((each) => Deno.permissions.querySync(each).state !== "granted");
  if (denied.length === 0) return undefined;
  return `it needs ${denied.map(({ name }) => `--allow-${name}`).join(" ")}`;
}

const found = new Map<string, boolean>();

function missing(programs: readonly string[]): string | undefined {
  const absent = programs.find((program) => !isFound(program));
  return absent && `there is no ${absent} here`;
}

function isFound(program: string): boolean {
  let isThere = found.get(program);
  if (isThere === undefined) {
    try {
      const args = ["--version"];
      new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync();
      isThere = true;
    } catch {
      isThere = false;
    }
    found.set(program, isThere);
  }
  return isThere;
}
