import { fromFileUrl } from "@std/path/from-file-url";
import { TestTerminal } from "./_terminal.ts";

const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";
/** How long, in ms, is waited for what is to be shown. */
const PATIENCE = 120_000;
const path = (name: string) => fromFileUrl(new URL(`../../${name}`, import.meta.url));

/** Why no terminal can be had for a program; `undefined` where one can. */
export function whyNoPty(): string | undefined {
  if (!mayRun) return "it needs --allow-run";
  // `script` of util-linux gives a program a terminal; that of other systems takes other options.
  if (Deno.build.os !== "linux" || !succeeds("script", "--version")) {
    return "it needs the command `script` of util-linux";
  }
  return undefined;
}

/** The command of the shell that runs `lab` with a configuration of the working directory, and tells its process. */
export const LAB_RUN = [
  `sh -c 'echo $$ > "$PTY/pid"; exec "$0" "$@"'`,
  `'${Deno.execPath()}' run -A --no-check --no-lock --quiet`,
  `--config='${path("deno.json")}' '${path("cli/mod.ts")}' run --config lab.json`,
  `'${path("tests/progress/_study.ts")}'`,
].join(" ");

/** How a command is run. */
export interface PtyOptions {
  readonly columns: number;
  readonly rows: number;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command in a terminal of its own. */
export class Pty implements AsyncDisposable {
  /** What the terminal shows. */
  readonly screen: TestTerminal;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;
  readonly #dir: string;

  constructor(command: string, { columns, rows, cwd, env }: PtyOptions) {
    this.#dir = `${cwd}/${crypto.randomUUID()}`;
    Deno.mkdirSync(this.#dir);
    const d = `'${this.#dir}'`;
    const steps = [
      `unset FORCE_COLOR ${env?.NO_COLOR === undefined ? "NO_COLOR" : ""}`,
      `stty cols ${columns} rows ${rows}`,
      `PTY=${d}; export PTY`,
      `tty > ${d}/tty`,
      `stty -a > ${d}/before`,
      "trap : INT", // Ctrl-C is for the command; what comes after it is done all the same
      command,
      'echo "code $?"',
      `stty -a > ${d}/after`,
    ];
    this.screen = new TestTerminal(columns, rows);
    this.#process = new Deno.Command("script", {
      args: ["-qefc", steps.join("\n"), "/dev/null"],
      cwd,
      env: { SHELL: "/bin/sh", TERM: "xterm-256color", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#read = this.#show();
  }

  async #show(): Promise<void> {
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      this.screen.write(text);
    }
  }

  /** Waits until what is shown holds, and is a whole picture; gives that. */
  async until(holds: (text: string) => boolean): Promise<string[]> {
    // What a display writes at once may come in pieces.
    return await this.#wait((text) => !this.screen.hidesCursor && holds(text));
  }

  async #wait(holds: (text: string) => boolean): Promise<string[]> {
    const start = performance.now();
    for (;;) {
      const lines = await this.screen.lines();
      if (holds(lines.join("\n"))) return lines;
      if (performance.now() - start > PATIENCE) {
        throw new Error(`Waited in vain; the terminal shows:\n${lines.join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Presses a key. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /**
   * Makes the terminal another size, as a window does. The program stands still meanwhile, with a whole picture
   * shown: real terminals have no backlog of one that was drawn for another size either.
   */
  async resize(columns: number, rows: number): Promise<void> {
    const [tty, pid] = ["tty", "pid"].map((name) =>
      Deno.readTextFileSync(`${this.#dir}/${name}`).trim()
    ) as [string, string];
    // It may have been stopped within a picture.
    while (!await this.#stop(tty, Number(pid))) Deno.kill(Number(pid), "SIGCONT");
    const size = ["cols", String(columns), "rows", String(rows)];
    await new Deno.Command("stty", { args: ["-F", tty, ...size] }).output();
    await this.screen.resize(columns, rows);
    Deno.kill(Number(pid), "SIGCONT");
  }

  /** Has the program stand still, and all that it wrote shown. Gives whether that is a whole picture. */
  async #stop(tty: string, pid: number): Promise<boolean> {
    Deno.kill(pid, "SIGSTOP");
    await this.#wait(() => /\) T /.test(Deno.readTextFileSync(`/proc/${pid}/stat`)));
    // A title, which is shown nowhere, comes after all that was written before it.
    const mark = crypto.randomUUID();
    const print = `printf '\\033]2;%s\\007' "$0" > "$1"`;
    await new Deno.Command("sh", { args: ["-c", print, mark, tty] }).output();
    await this.#wait(() => this.screen.writes.join("").includes(mark));
    return !this.screen.hidesCursor;
  }

  /** Waits for the end of the command. Gives what the terminal shows, and how it was set before and after. */
  async end(): Promise<{ lines: string[]; before: string; after: string }> {
    await this.#process.status;
    await this.#read;
    const [before, after] = ["before", "after"].map((name) =>
      Deno.readTextFileSync(`${this.#dir}/${name}`)
    );
    const unsized = (text: string) => text.replace(/rows \d+; columns \d+/, "");
    return { lines: await this.screen.lines(), before: unsized(before!), after: unsized(after!) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await this.#read;
    this.screen[Symbol.dispose]();
  }
}

function succeeds(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
