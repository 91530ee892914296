/** The configuration by which programs of the tests find the library. */
export const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** What a child program is started with. */
export interface ChildOptions {
  /** Permissions and other flags of `deno run`. */
  readonly flags?: readonly string[];
  /** The program's own arguments. */
  readonly args?: readonly string[];
  /** Where it runs. */
  readonly cwd?: string;
}

/** What became of a child program. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Readies a program of the tests as a child. */
export function child(program: string | URL, options: ChildOptions = {}): Deno.Command {
  const { flags = ["-A"], args = [], cwd } = options;
  const url = program instanceof URL ? program.pathname : program;
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
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a program to its end; one that does not end by itself is killed, which shows in `signal`. */
export async function runChild(
  program: string | URL,
  options: ChildOptions & {
    /** Is called with the child as soon as it runs, and what tells its standard error so far. */
    readonly meanwhile?: (process: Deno.ChildProcess, stderr: () => string) => Promise<void>;
    /** After how many ms a program is taken to hang. */
    readonly patience?: number;
  } = {},
): Promise<Ended> {
  const process = child(program, options).spawn();
  const timer = setTimeout(() => process.kill("SIGKILL"), options.patience ?? 180_000);
  const text = ["", ""];
  const collect = async (at: 0 | 1, stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) text[at] += piece;
  };
  try {
    const [{ code, signal }] = await Promise.all([
      process.status,
      collect(0, process.stdout),
      collect(1, process.stderr),
      options.meanwhile?.(process, () => text[1]!),
    ]);
    return { code, signal, stdout: text[0]!, stderr: text[1]! };
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until something holds. Gives up when the program has ended, which it does if it hangs too. */
export async function whileRunning(
  process: Deno.ChildProcess,
  holds: () => boolean,
): Promise<void> {
  let hasEnded = false;
  process.status.then(() => hasEnded = true);
  while (!holds() && !hasEnded) await new Promise((resolve) => setTimeout(resolve, 5));
}
