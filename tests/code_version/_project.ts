import { CodeReader } from "../../code_version/code_reader.ts";
import type { TaskCode } from "../../code_version/task_code.ts";

/** The modules of a project: paths and their sources. */
export type Files = Readonly<Record<string, string>>;

/** Modules on disk, in a folder of their own, whose code is read as that of a program's task types. */
export class Project implements Disposable {
  readonly dir = Deno.makeTempDirSync();
  readonly #importMap: Readonly<Record<string, string>>;
  readonly #include: readonly string[] | undefined;
  #reader: Promise<CodeReader> | undefined;

  constructor(
    files: Files,
    { importMap = {}, include }: {
      readonly importMap?: Readonly<Record<string, string>>;
      readonly include?: readonly string[];
    } = {},
  ) {
    this.#importMap = importMap;
    this.#include = include;
    this.write(files);
  }

  /** Writes modules; those of which nothing is said stay. */
  write(files: Files): void {
    for (const [path, text] of Object.entries(files)) {
      const file = `${this.dir}/${path}`;
      Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(file, text);
    }
  }

  /** The URL of a file. */
  url(path: string): string {
    return new URL(path, `file://${this.dir}/`).href;
  }

  /** What the version of a task type is made of, as the files are now. */
  async code(taskName = "Fit", path = "tasks.ts"): Promise<TaskCode> {
    const reader = await (this.#reader ??= CodeReader.open());
    reader.refresh();
    const module = this.url(path);
    const resolve = (specifier: string) => this.#resolve(specifier, module);
    return reader.read({ taskName, module, include: this.#include, resolve });
  }

  /** Its version. */
  async version(taskName?: string, path?: string): Promise<string> {
    return (await this.code(taskName, path)).version;
  }

  #resolve(specifier: string, from: string): string {
    const mapped = this.#importMap[specifier];
    if (mapped !== undefined) return new URL(mapped, this.url("")).href;
    if (/^[a-z]+:/.test(specifier)) return specifier;
    if (specifier.startsWith("@labtech/lab")) return import.meta.resolve(specifier);
    if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, from).href;
    throw new TypeError(`Import "${specifier}" not a dependency`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.dir, { recursive: true });
  }
}
