import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import { Lab } from "@labtech/lab";

const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";

/** Whether tests may start the command line; what to add to their names where not. */
export const cli = {
  ignore: !mayRun,
  reason: mayRun ? "" : " (skipped: needs --allow-run to start Deno)",
} as const;

const repository = fromFileUrl(new URL("../..", import.meta.url));

/** What a command line did. */
export interface Outcome {
  /** The exit code. */
  readonly code: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** The tasks that most tests run. */
export const STUDY = `
import { task, type Task } from "@labtech/lab";

export const Square = task(import.meta, {
  name: "Square",
  run: ({ base }: { base: number }) => base ** 2,
});
export const Scaled = task(import.meta, {
  name: "Scaled",
  codeVersion: "v1",
  run({ square, by }: { square: Task<number>; by: number }) {
    if (by === 13) throw new RangeError("unlucky\\u001b[2J");
    return { value: square.result * by, at: new Date(0) };
  },
});
const square = Square({ base: 42 });

export const tasks = [1, 2, 3].map((by) => Scaled({ square, by }));
export const one = square;
export const made = () => Promise.resolve(new Set([square, Square({ base: 3 })]));
export async function* given() { yield square; }
export const failing = [Scaled({ square, by: 13 }), Square({ base: 3 })];
export const none: unknown[] = [];
export const mixed = [square, 7];
export const thrown = () => { throw new Error("no data"); };
`;

/** Settings of projects whose tests are not about how tasks run: threads take longer to start than all else. */
export const QUICK = { runner: "serial" } as const;

/** A project in a temporary directory: a configuration, and the modules of its tasks. */
export class Project implements AsyncDisposable {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes a project of files by name; `study.ts` and a configuration, with settings, are there in any case. */
  static async create(
    files: Readonly<Record<string, string>> = {},
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<Project> {
    // On macOS the temporary directory is a symbolic link.
    const project = new Project(await Deno.realPath(await Deno.makeTempDir()));
    await Deno.mkdir(project.path("sub/sub"), { recursive: true });
    const labs = { paper: { storage: "paper" }, nothing: { storage: null } };
    const labtech = { storage: "results", labs, ...settings };
    await project.write("deno.json", JSON.stringify({ labtech }));
    await project.write("study.ts", STUDY);
    for (const [name, text] of Object.entries(files)) await project.write(name, text);
    return project;
  }

  /** The absolute path of a file. */
  path(name: string): string {
    return join(this.#dir, name);
  }

  /** Writes a file. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(this.path(name), text);
  }

  /** The Lab of the configuration, here in the test. */
  lab(): Promise<Lab> {
    return Lab.fromConfig(this.path("deno.json"), {
      override: { runner: "serial", progress: false },
    });
  }

  /** Starts the command line in the project, or a folder of it. */
  start(args: readonly string[], options: { readonly cwd?: string } = {}): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      // The configuration is this repository's, so that modules import the library by its name.
      args: [...DENO, ...args],
      cwd: this.path(options.cwd ?? "."),
      env: { NO_COLOR: "1", TZ: "UTC" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs a command line to its end. */
  async run(...args: readonly string[]): Promise<Outcome> {
    return await outcomeOf(this.start(args));
  }

  /** The same in a folder of the project. */
  async runIn(cwd: string, ...args: readonly string[]): Promise<Outcome> {
    return await outcomeOf(this.start(args, { cwd }));
  }

  /** What `deno run` of this project's command line begins with. */
  get command(): readonly string[] {
    return [Deno.execPath(), ...DENO];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#dir, { recursive: true });
  }
}

const DENO = [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-lock",
  "-A",
  `--config=${join(repository, "deno.json")}`,
  join(repository, "cli/mod.ts"),
];

/** Waits for a child to end. */
export async function outcomeOf(child: Deno.ChildProcess): Promise<Outcome> {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
