import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import type { Hosts } from "./_hosts.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const MODULE = fromFileUrl(new URL("./_tasks.ts", import.meta.url));
/** How much of what a worker says is kept, in characters: its end. */
const KEPT = 20_000;

const RUN = ["run", "--quiet", "--no-prompt", "--no-lock", "--no-check", "-A"];
const LAB = [`--config=${join(ROOT, "deno.json")}`, join(ROOT, "cli/mod.ts")];

/** Has all packages of workers fetched by this machine: hosts reach nothing but each other. */
export async function fetchPackages(config: string): Promise<void> {
  for (const command of [["ls"], ["worker", "--idle-exit", "1", MODULE]]) {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...RUN, ...LAB, ...command, "--config", config],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`lab ${command[0]} fails: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Where and how a worker runs. */
export interface WorkerPlace {
  readonly hosts: Hosts;
  readonly host: string;
  /** Its name. */
  readonly name: string;
  /** Its configuration: the path of a file. */
  readonly config: string;
  /** How many tasks it runs at once. */
  readonly concurrency: number;
}

/** A `lab worker`, as a process of its own. */
export class WorkerProcess {
  readonly host: string;
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  #said = "";

  /** Starts a worker. */
  constructor({ hosts, host, name, config, concurrency }: WorkerPlace) {
    this.host = host;
    this.name = name;
    const [program, args] = hosts.command(host, Deno.execPath(), [
      ...RUN,
      // With all permissions a worker sees which processes of this machine live; hosts do not see each other's.
      "--deny-ffi",
      ...LAB,
      ...["worker", "--config", config, "--name", name, "-j", `${concurrency}`, MODULE],
    ]);
    this.#child = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#ready.promise.catch(() => {}); // whoever waits for it is told
    this.#read = this.#listen();
  }

  /** Resolves when it takes tasks. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** The number of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The end of what it said. */
  get said(): string {
    return this.#said;
  }

  /** Ends it, and gives its exit code. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    const { code } = await this.#child.status;
    await this.#read;
    return code;
  }

  async #listen(): Promise<void> {
    for await (const piece of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#said = (this.#said + piece).slice(-KEPT);
      if (/takes tasks of/.test(this.#said)) this.#ready.resolve();
    }
    this.#ready.reject(new Error(`The worker ${this.name} does not start: ${this.#said}`));
  }
}
