import { join } from "@std/path/join";
import { fromFileUrl } from "@std/path/from-file-url";

// Programs import the library by name, which works below the folder of its deno.json only.
const BELOW = fromFileUrl(new URL("./", import.meta.url));

const STUDY = `import { task } from "@labtech/lab";
export const Square = task(import.meta, {
  name: "Square",
  codeVersion: "v1",
  run: ({ n }: { n: number }) => n * n,
});
export const tasks = [1, 2, 3, 4, 5, 6].map((n) => Square({ n }));
`;

/** A folder as workers expect it, with a `deno` that leaves the lockfile of this repository alone. */
export class Project implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Makes one; its configuration takes the broker from the environment, as `LAB_BROKER`. */
  static async make(): Promise<Project> {
    const project = new Project(await Deno.makeTempDir({ dir: BELOW, prefix: "project_" }));
    const config = {
      storage: { type: "local", dir: "results", shared: true },
      runner: { type: "bullmq", connection: { url: { env: "LAB_BROKER" } } },
    };
    await Deno.writeTextFile(join(project.dir, "lab.json"), JSON.stringify(config));
    await Deno.writeTextFile(join(project.dir, "study.ts"), STUDY);
    await Deno.mkdir(join(project.dir, "bin"));
    const program = `#!/bin/sh\nshift\nexec "${Deno.execPath()}" run --no-lock --no-check "$@"\n`;
    await Deno.writeTextFile(project.deno, program, { mode: 0o755 });
    return project;
  }

  /** What stands for Deno: it knows `run` alone. */
  get deno(): string {
    return join(this.dir, "bin", "deno");
  }

  /** Runs a program in the folder. */
  start(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Deno.ChildProcess {
    return new Deno.Command(program, {
      args: [...args],
      cwd: this.dir,
      env: {
        ...env,
        PATH: `${join(this.dir, "bin")}:${Deno.env.get("PATH") ?? ""}`,
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}
