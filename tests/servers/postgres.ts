/**
 * A PostgreSQL server of a test's own: Debian's `postgres` on a free port of this machine, with its files in
 * a temporary directory.
 *
 * @module
 */

/** Where Debian puts programs that are not on the path, by version. */
const DEBIAN = "/usr/lib/postgresql";
const READY = /database system is ready to accept connections/;
/** The server refuses to run as root; then it runs as nobody. */
const NOBODY = 65534;

/** Why no server can be started here; `undefined` where one can. */
export function noPostgres(): string | undefined {
  return forbidden() ?? (programs() === undefined ? "there is no postgres here" : undefined);
}

/** Registers a test that needs a server; where there can be none it says so, and is skipped. */
export function testWithPostgres(name: string, fn: () => Promise<void>): void {
  const why = noPostgres();
  Deno.test({ name: why ? `${name} (skipped: ${why})` : name, ignore: why !== undefined, fn });
}

/**
 * One server, with a database `postgres` and a user of that name, whom it believes without a password. It can be
 * killed and started again on the same port and directory.
 */
export class PostgresServer implements AsyncDisposable {
  /** The port it listens on. */
  readonly port: number;
  readonly #dir: string;
  readonly #host: string;
  #process?: Deno.ChildProcess;
  #log: Promise<void> = Promise.resolve();

  private constructor(dir: string, host: string, port: number) {
    this.#dir = dir;
    this.#host = host;
    this.port = port;
  }

  /** Starts a server, which listens at an address of this machine, and waits until it answers. */
  static async start({ host = "127.0.0.1" } = {}): Promise<PostgresServer> {
    const dir = await Deno.makeTempDir();
    try {
      if (isRoot()) await Deno.chown(dir, NOBODY, NOBODY);
      const made = await new Deno.Command(`${programs()}initdb`, {
        ...who(),
        args: ["-D", `${dir}/data`, "-U", "postgres", "--auth=trust", "--no-sync"],
        cwd: dir,
        stdout: "null",
        stderr: "piped",
      }).output();
      if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
      // Who comes from the same network is let in as who comes from this machine.
      const rule = "host all all samenet trust\n";
      await Deno.writeTextFile(`${dir}/data/pg_hba.conf`, rule, { append: true });
      for (let tries = 1;; tries++) {
        const server = new PostgresServer(dir, host, freePort());
        try {
          await server.again();
          return server;
        } catch (error) {
          // Another program took the port in between.
          if (tries === 5 || !/Address already in use/.test(String(error))) throw error;
        }
      }
    } catch (error) {
      await Deno.remove(dir, { recursive: true });
      throw error;
    }
  }

  /** The address of its database. */
  get url(): string {
    return `postgres://postgres@${this.#host}:${this.port}/postgres`;
  }

  /** Starts it again, after a kill. */
  async again(): Promise<void> {
    this.#process = new Deno.Command(`${programs()}postgres`, {
      ...who(),
      args: ["-D", `${this.#dir}/data`, "-p", `${this.port}`, "-h", this.#host, "-k", this.#dir]
        .concat(["-c", "fsync=off", "-c", "max_connections=200"]),
      cwd: this.#dir,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#log = (async (stderr) => {
      let text = "";
      for await (const piece of stderr.pipeThrough(new TextDecoderStream())) {
        if (text.length < 100_000) text += piece;
        if (READY.test(text)) resolve();
      }
      reject(new Error(`The server ended by itself: ${text}`));
    })(this.#process.stderr);
    await promise;
  }

  /** Ends it at once, whoever is connected: what was committed is found again, as after a crash. */
  async kill(): Promise<void> {
    // SIGKILL would leave its children behind, which hold the files.
    this.#process?.kill("SIGQUIT");
    await this.#process?.status;
    this.#process = undefined;
    await this.#log.catch(() => {});
  }

  /** Ends it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#dir, { recursive: true });
  }
}

function who(): { readonly uid?: number; readonly gid?: number } {
  return isRoot() ? { uid: NOBODY, gid: NOBODY } : {};
}

function isRoot(): boolean {
  return Deno.uid() === 0;
}

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

function forbidden(): string | undefined {
  const needed = ["run", "net", "read", "write", "env", "sys"] as const;
  const denied = needed.filter((name) => Deno.permissions.querySync({ name }).state !== "granted");
  if (denied.length === 0) return undefined;
  return `it needs ${denied.map((name) => `--allow-${name}`).join(" ")}`;
}

let place: string | undefined;

/** What the names of its programs begin with; `undefined` where there are none. */
function programs(): string | undefined {
  if (place !== undefined) return place;
  const versions = entriesOf(DEBIAN).sort((a, b) => Number(b) - Number(a));
  const places = ["", ...versions.map((version) => `${DEBIAN}/${version}/bin/`)];
  return place = places.find((path) => answers(`${path}postgres`) && answers(`${path}initdb`));
}

function entriesOf(dir: string): string[] {
  try {
    return Array.from(Deno.readDirSync(dir), ({ name }) => name);
  } catch {
    return [];
  }
}

function answers(program: string): boolean {
  try {
    const { success } = new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success;
  } catch {
    return false;
  }
}
