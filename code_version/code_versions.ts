import { LabError } from "../lab_error.ts";
import type { Call } from "../storages/storage.ts";
import {
  definesAutoTypes,
  definitionOf,
  importOf,
  settleVersions,
  type Task,
  type TaskTypeInfo,
} from "../task.ts";
import { AUTO } from "./auto.ts";
import type { CodeReader, CodeSubject } from "./code_reader.ts";
import { changedSource, type Source, type TaskCode } from "./task_code.ts";

/** How versions are settled. */
export interface SettleOptions extends Call {
  /** How long ago, in ms, files may have been looked at. @default {0} */
  readonly maxAge?: number;
}

/**
 * The versions of task types, as a Lab sees them. Those that follow the code are found out when they are first
 * needed. A program runs the code that it has imported, so they do not change after that (but for files that
 * are included); when the code on disk does, nothing is run or looked up any more.
 */
export class CodeVersions {
  readonly #default: typeof AUTO | undefined;
  readonly #codes = new Map<TaskTypeInfo, TaskCode>();
  #settled = new WeakMap<Task, Task>();
  #reader: Promise<CodeReader> | undefined;
  #looked = -Infinity;

  /** `fallback` is what holds for types that name no version. */
  constructor(fallback: typeof AUTO | undefined) {
    this.#default = fallback;
  }

  /** Whether the version of a type follows its code. */
  isAuto({ codeVersion }: Pick<TaskTypeInfo, "codeVersion">): boolean {
    return (codeVersion ?? this.#default) === AUTO;
  }

  /**
   * The version of a type.
   *
   * @throws {LabError} When it follows the code, and that cannot be read, or has changed since it was imported.
   */
  async of(type: TaskTypeInfo, options: SettleOptions = {}): Promise<string | undefined> {
    return this.isAuto(type) ? (await this.codeOf(type, options))!.version : type.codeVersion;
  }

  /** What the version of a type was made of; `undefined` where it does not follow the code. */
  async codeOf(type: TaskTypeInfo, options: SettleOptions = {}): Promise<TaskCode | undefined> {
    await this.#resolve([type], options);
    return this.#codes.get(type);
  }

  /**
   * The same tasks with their versions settled, at any depth: what keys, metadata and runners are given.
   * Tasks that keep a version of their own, as those from a storage do, are left as they are.
   *
   * @throws {LabError} When a version cannot be found out.
   */
  async settle<T extends Task>(tasks: readonly T[], options: SettleOptions = {}): Promise<T[]> {
    if (this.#default === undefined && !definesAutoTypes()) return [...tasks];
    await this.#resolve(typesOf(tasks.filter((task) => !this.#settled.has(task))), options);
    return settleVersions(tasks, (type) => this.settled(type), this.#settled);
  }

  /** The version of a type that was settled before, or that says it. */
  settled(type: TaskTypeInfo): string | undefined {
    return this.#codes.get(type)?.version ?? type.codeVersion;
  }

  /** The files that versions which were settled depend on, each once. */
  get sources(): Source[] {
    const all = [...this.#codes.values()].flatMap(({ sources }) => sources);
    return [...new Map(all.map((source) => [source.url, source])).values()];
  }

  async #resolve(types: Iterable<TaskTypeInfo>, options: SettleOptions): Promise<void> {
    const { signal, maxAge = 0 } = options;
    signal?.throwIfAborted();
    const unknown = [...types].filter((type) => this.isAuto(type) && !this.#codes.has(type));
    if (unknown.length > 0) {
      const reader = await this.#opened();
      reader.refresh();
      for (const type of unknown) {
        signal?.throwIfAborted();
        const code = reader.read(subjectOf(type));
        refuseNewer(type, code);
        this.#codes.set(type, code);
        if (code.unseen.length > 0) console.warn(unseenText(type, code));
      }
    }
    const now = performance.now();
    if (this.#codes.size === 0 || now - this.#looked < maxAge) return;
    const included = [...this.#codes.values()].flatMap((code) => code.included);
    if (changedSource([...this.sources, ...included]) !== undefined) await this.#look({ signal });
    this.#looked = now;
  }

  /**
   * Takes in what has changed. What was touched, or formatted, is no other code; files that are included are
   * read when tasks run, and may change.
   */
  async #look({ signal }: Call): Promise<void> {
    const reader = await this.#opened();
    reader.refresh();
    for (const [type, before] of this.#codes) {
      signal?.throwIfAborted();
      const code = reader.read(subjectOf(type));
      if (code.program !== before.program) {
        throw changedError(type, (changedSource(before.sources) ?? before.sources[0]!).url);
      }
      if (code.version !== before.version) this.#settled = new WeakMap();
      this.#codes.set(type, code);
    }
  }

  #opened(): Promise<CodeReader> {
    if (this.#reader === undefined) {
      this.#reader = openReader();
      this.#reader.catch(() => this.#reader = undefined); // it may be had the next time
    }
    return this.#reader;
  }
}

async function openReader(): Promise<CodeReader> {
  const { CodeReader } = await import("./code_reader.ts");
  return await CodeReader.open();
}

function subjectOf(type: TaskTypeInfo): CodeSubject {
  const { include } = definitionOf(type);
  return { taskName: type.taskName, module: type.module, include, resolve: importOf(type).resolve };
}

function unseenText({ taskName }: TaskTypeInfo, { unseen }: TaskCode): string {
  return `The version of the task type ${taskName} follows its code, but cannot see what ${
    unseen.join(" and ")
  } imports: its name is found out only when it runs. Import it by a literal, or list it as include`;
}

/** Refuses code that was saved after the program imported it: what runs is what was there before. */
function refuseNewer(type: TaskTypeInfo, { sources }: TaskCode): void {
  const { time } = importOf(type);
  const newer = sources.find(({ changed }) => changed > time);
  if (newer !== undefined) throw changedError(type, newer.url);
}

function changedError({ taskName }: TaskTypeInfo, url: string): LabError {
  return new LabError(
    `${url} was changed after the program imported it, so that the version of the task type ${taskName}, ` +
      `which follows its code (codeVersion "auto"), is not that of the code that would run; start the ` +
      `program again`,
  );
}

/** The types of tasks and of all that is nested in them. */
function typesOf(tasks: Iterable<Task>): Set<TaskTypeInfo> {
  const types = new Set<TaskTypeInfo>();
  const seen = new Set<Task>();
  const pending = [...tasks];
  for (let task = pending.pop(); task; task = pending.pop()) {
    if (seen.has(task)) continue;
    seen.add(task);
    types.add(task.type);
    for (const dependency of task.dependencies) pending.push(dependency);
  }
  return types;
}
