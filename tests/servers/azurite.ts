/**
 * An Azure Blob server of a test's own: Microsoft's `azurite` on a free port of this machine, with its
 * files in a temporary directory. It comes from npm, and runs on Deno.
 *
 * @module
 */

/** The version is pinned: later ones may know other versions of the protocol. */
const AZURITE = "npm:azurite@3.37.0/azurite-blob";
const READY = /successfully listens on http:\/\/127\.0\.0\.1:(\d+)/;
/** The account that every azurite has: https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
const ACCOUNT = "devstoreaccount1";
const ACCOUNT_KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** Why no server can be started here; `undefined` where one can. */
export const noAzurite: string | undefined = reason();

/** Registers a test that needs a server; where there can be none it says so, and is skipped. */
export function testWithAzurite(name: string, fn: () => Promise<void>): void {
  const ignore = noAzurite !== undefined;
  Deno.test({ name: ignore ? `${name} (${noAzurite})` : name, ignore, fn });
}

/** One server. */
export class AzuriteServer implements AsyncDisposable {
  /** The port it listens on. */
  readonly port: number;
  readonly #dir: string;
  readonly #process: Deno.ChildProcess;
  readonly #log: Promise<void>;

  private constructor(
    { port, dir, process, log }: {
      port: number;
      dir: string;
      process: Deno.ChildProcess;
      log: Promise<void>;
    },
  ) {
    this.port = port;
    this.#dir = dir;
    this.#process = process;
    this.#log = log;
  }

  /** Starts a server, and waits until it answers. */
  static async start(): Promise<AzuriteServer> {
    const dir = await Deno.makeTempDir();
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-lock", AZURITE, "--blobPort", "0", "--disableTelemetry"]
        // The package that speaks to it may be newer than the server.
        .concat(["--skipApiVersionCheck", "--location", dir]),
      cwd: dir,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const log = (async () => {
      let text = "";
      for await (const piece of process.stdout.pipeThrough(new TextDecoderStream())) {
        if (text.length < 100_000) text += piece;
        const port = READY.exec(text)?.[1];
        if (port) resolve(Number(port));
      }
      reject(new Error(`The server ended by itself: ${text}`));
    })();
    try {
      return new AzuriteServer({ port: await promise, dir, process, log });
    } catch (error) {
      await process.status;
      await Deno.remove(dir, { recursive: true });
      throw error;
    }
  }

  /** How Azure's packages find the account; with another key, it is refused. */
  connectionString(key = ACCOUNT_KEY): string {
    return `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};` +
      `BlobEndpoint=http://127.0.0.1:${this.port}/${ACCOUNT};`;
  }

  /** Ends it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.#process.status;
    await this.#log;
    await Deno.remove(this.#dir, { recursive: true });
  }
}

function reason(): string | undefined {
  const needed = ["run", "net", "read", "write", "env", "sys"] as const;
  const missing = needed.filter((name) => Deno.permissions.querySync({ name }).state !== "granted");
  if (missing.length === 0) return undefined;
  return `skipped: it needs ${missing.map((name) => `--allow-${name}`).join(" ")}`;
}
