/**
 * The program `strace`, which can make system calls of a running process fail, or kill the process as
 * it makes them.
 *
 * @module
 */

/** One system call, as `strace` printed it. */
export interface SystemCall {
  readonly name: string;
  /** The first of the watched paths in it. */
  readonly path: string;
  /** What it gave. */
  readonly result: string;
  /** The whole line. */
  readonly line: string;
}

/** Which calls are changed, and how. */
export interface Tampering {
  /** The name of the system call. */
  readonly call: string;
  /** The file or directory that it is about. */
  readonly path: string;
  /** Which one of a thread, from 1 on. */
  readonly when: number;
  /** `error=EIO`, or `signal=SIGKILL`. */
  readonly fault: string;
}

/** Why there is no use of `strace` here; `undefined` when there is one. */
export function whyNoStrace(): string | undefined {
  if (Deno.build.os !== "linux") return "strace is a program of Linux";
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") {
    return "it needs --allow-run";
  }
  try {
    const command = new Deno.Command("strace", { args: ["-o", "/dev/null", "true"] });
    const { success, stderr } = command.outputSync();
    if (!success) return `strace cannot trace here: ${new TextDecoder().decode(stderr)}`;
    return isRestricted() ? "ptrace is restricted by kernel.yama.ptrace_scope" : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "strace is not installed";
    throw error;
  }
}

/** Whether only ancestors may trace a process. */
function isRestricted(): boolean {
  try {
    return Deno.readTextFileSync("/proc/sys/kernel/yama/ptrace_scope") > "0" && Deno.uid() !== 0;
  } catch {
    return false;
  }
}

/** Traces a process from now on, until `stop`. */
export class Strace {
  readonly #process: Deno.ChildProcess;
  readonly #log: string;
  readonly #paths: readonly string[];
  readonly #errors: ReadableStreamDefaultReader<string>;

  private constructor(process: Deno.ChildProcess, log: string, paths: readonly string[]) {
    this.#process = process;
    this.#log = log;
    this.#paths = paths;
    this.#errors = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * Takes hold of a process.
   *
   * @throws {Error} When that is not allowed.
   */
  static async attach(
    pid: number,
    { log, paths, tampering }: { log: string; paths: readonly string[]; tampering?: Tampering },
  ): Promise<Strace> {
    const { call = "", path, when, fault } = tampering ?? {};
    const process = new Deno.Command("strace", {
      args: [
        ...["-f", "-y", "-s", "8", "-o", log, "-e", "trace=%file,%desc"],
        ...(path === undefined ? paths : [path]).flatMap((each) => ["-P", each]),
        ...(tampering ? ["-e", `inject=${call}:${fault}:when=${when}`] : []),
        ...["-p", String(pid)],
      ],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const strace = new Strace(process, log, paths);
    const { value = "" } = await strace.#errors.read();
    if (/ attached/.test(value)) return strace;
    await strace.stop();
    throw new Error(`strace cannot take hold of a process: ${value}`);
  }

  /** Lets go, and gives the calls that were seen. */
  async stop(signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<SystemCall[]> {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended with the process that it traced.
    }
    await this.#process.status;
    await this.#errors.cancel();
    return this.#calls();
  }

  #calls(): SystemCall[] {
    const calls: SystemCall[] = [];
    for (const line of Deno.readTextFileSync(this.#log).split("\n")) {
      const [, name, rest] = /^\d+ +(\w+)\((.*)$/.exec(line) ?? [];
      // Longest first: a folder's path begins the paths in it.
      const path = this.#paths.toSorted((a, b) => b.length - a.length)
        .find((each) => rest?.includes(`"${each}"`) || rest?.includes(`<${each}>`));
      if (name && path) calls.push({ name, path, result: line.split(" = ").at(-1)!, line });
    }
    return calls;
  }
}
