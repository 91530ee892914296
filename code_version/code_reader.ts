import { toFileUrl } from "@std/path/to-file-url";
import { sha256Hex } from "../digest.ts";
import { LabError } from "../lab_error.ts";
import { autoVersion } from "./auto.ts";
import { includedFiles } from "./_included_files.ts";
import { Lockfile, pathWithin } from "./_lockfile.ts";
import { ModuleGraph, type Target } from "./_module_graph.ts";
import { nearestLockfile } from "./_nearest_lockfile.ts";
import { ModuleParser } from "./_parser.ts";
import { Reach, rootsOf } from "./_reach.ts";
import { SourceFiles } from "./_source_files.ts";
import type { TaskCode } from "./task_code.ts";

/**
 * Versions are digests over this, too. To be raised whenever the same code would get another digest, or a
 * change of the library changes what tasks compute.
 */
export const CODE_FORMAT = 1;

/** A task type, in so far as its code is found by it. */
export interface CodeSubject {
  /** Its name. */
  readonly taskName: string;
  /** The URL of the module that defines it. */
  readonly module: string | undefined;
  /** Patterns of files that count as code. @default {none} */
  readonly include?: readonly string[];
  /** The `import.meta.resolve` of the module. @default {that of this library} */
  readonly resolve?: (specifier: string) => string;
}

const DIGITS = 40;
const SHORT = 16;

const decoder = new TextDecoder();

/** Reads the code that tasks can reach. Files that stay as they are, by time and size, are read once. */
export class CodeReader {
  readonly #files = new SourceFiles();
  /** By the module that they begin with. */
  readonly #graphs = new Map<string, ModuleGraph>();
  readonly #parser: ModuleParser;

  private constructor(parser: ModuleParser) {
    this.#parser = parser;
  }

  /** Loads what reads code. */
  static async open(): Promise<CodeReader> {
    return new CodeReader(await ModuleParser.load());
  }

  /** Has files looked at anew, of which some may have changed. */
  refresh(): void {
    this.#files.refresh();
    this.#graphs.clear();
  }

  /**
   * What the version of a type is made of, as the files are, or were when they were first looked at since
   * {@linkcode refresh}.
   *
   * @throws {LabError} When the code cannot be read.
   */
  read({ taskName, module, include = [], resolve = resolveHere }: CodeSubject): TaskCode {
    if (module === undefined) {
      throw new LabError(
        `The version of the task type ${taskName} cannot follow its code, which stands in no module (it was ` +
          `defined in a REPL or notebook); give it a codeVersion of its own`,
      );
    }
    const url = module.replace(/[?#].*$/, "");
    if (!url.startsWith("file:")) return this.#ofRemote(url);
    const graph = this.#graphOf(url, resolve);
    const reach = new Reach(graph, url, rootsOf(graph, url, taskName));
    const included = includedFiles(include, url);
    const written = new Writer(url, () => this.#lockfile(url));
    written.add(graph, reach);
    const program = written.digest();
    for (const [path, file] of included) written.include(path, this.#digest(file));
    const sourcesOf = (urls: Iterable<string>) =>
      Array.from(new Set(urls), (each) => this.#files.sourceOf(each));
    return {
      version: autoVersion(written.digest()),
      program,
      parts: written.parts(),
      sources: sourcesOf([...reach.modules, ...fileUrls(reach)]),
      included: sourcesOf(included.values()),
      unseen: written.unseen,
    };
  }

  #graphOf(module: string, resolve: (specifier: string) => string): ModuleGraph {
    let graph = this.#graphs.get(module);
    if (graph === undefined) {
      graph = new ModuleGraph({ files: this.#files, parser: this.#parser, module, resolve });
      this.#graphs.set(module, graph);
    }
    return graph;
  }

  // A type that comes with a package is as that is locked.
  #ofRemote(url: string): TaskCode {
    const locked = this.#lockfile(toFileUrl(`${Deno.cwd()}/`).href).locked(url);
    const digest = sha256Hex(JSON.stringify([CODE_FORMAT, url, locked])).slice(0, DIGITS);
    return {
      ...{ version: autoVersion(digest), program: digest },
      parts: new Map([[url, locked]]),
      ...{ sources: [], included: [], unseen: [] },
    };
  }

  #digest(url: string): string {
    const digest = this.#files.get(url, "included", (bytes) => sha256Hex(bytes).slice(0, SHORT));
    if (digest !== undefined) return digest;
    throw new LabError(`codeVersion "auto" finds no file ${url}, which a task type includes`);
  }

  /** What the nearest lockfile above a module says; nothing where there is none. */
  #lockfile(url: string): Lockfile {
    const file = nearestLockfile(url);
    const read = (bytes: Uint8Array<ArrayBuffer>) => new Lockfile(decoder.decode(bytes));
    return this.#files.get(file, "lockfile", read) ?? new Lockfile("");
  }
}

function resolveHere(specifier: string): string {
  return import.meta.resolve(specifier);
}

function fileUrls({ targets }: Reach): string[] {
  return [...targets.values()].flatMap((target) => target.kind === "file" ? [target.url] : []);
}

/** Writes down what is reached: for the digest, where it stands makes no difference; for people, it does. */
class Writer {
  readonly #module: string;
  readonly #lockfileOf: () => Lockfile;
  #lockfile: Lockfile | undefined;
  readonly #lines: string[] = [`format ${CODE_FORMAT}`];
  readonly #parts = new Map<string, string[]>();
  /** The names of parts that import what cannot be seen. */
  readonly unseen: string[] = [];

  constructor(module: string, lockfileOf: () => Lockfile) {
    this.#module = module;
    this.#lockfileOf = lockfileOf;
  }

  add(graph: ModuleGraph, reach: Reach): void {
    const { targets } = reach;
    const places = new Map([...targets.keys()].map((key, i) => [key, i]));
    for (const target of targets.values()) {
      const edges = graph.edges(target).map(({ label, target: { key, member = "" } }) =>
        JSON.stringify([label, places.get(key) ?? "library", member])
      );
      const content = this.#contentOf(target);
      this.#lines.push(`${content} ${edges.join(" ")}`);
    }
    // What declarations are does not depend on their order; what they do may.
    const order = reach.inOrder().map((key) => places.get(key));
    this.#lines.push(`order ${order.join(" ")}`);
  }

  include(path: string, digest: string): void {
    this.#lines.push(`include ${JSON.stringify(path)} ${digest}`);
    this.#part(path, digest);
  }

  /** The digest of all that was written. */
  digest(): string {
    return sha256Hex(this.#lines.join("\n")).slice(0, DIGITS);
  }

  /** The digests of parts, by their names in alphabetical order. */
  parts(): Map<string, string> {
    const parts = new Map<string, string>();
    for (const [name, digests] of [...this.#parts].sort(([a], [b]) => a < b ? -1 : 1)) {
      const [first, ...more] = digests;
      parts.set(name, more.length === 0 ? first! : sha256Hex(digests.join(" ")).slice(0, SHORT));
    }
    return parts;
  }

  #contentOf(target: Target): string {
    switch (target.kind) {
      case "item": {
        const { item } = target;
        const name = `${this.#pathOf(target.url)} ${item.name}`;
        this.#part(name, item.digest);
        if (item.free.hasComputedImport) this.unseen.push(name);
        return `item ${sha256Hex(item.form)}`;
      }
      case "package": {
        const { specifier, name } = target;
        if (specifier.startsWith("node:")) return specifier;
        this.#lockfile ??= this.#lockfileOf();
        const locked = this.#lockfile.locked(specifier);
        this.#part(name, locked);
        return `package ${JSON.stringify([name, pathWithin(specifier), locked])}`;
      }
      case "file": {
        const { url, digest, type } = target;
        this.#part(this.#pathOf(url), digest);
        // Without more, it is data as JSON is.
        return type === undefined || type === "json" ? `file ${digest}` : `file ${digest} ${type}`;
      }
      case "library":
        return "library";
    }
  }

  #part(name: string, digest: string): void {
    const digests = this.#parts.get(name);
    if (digests === undefined) this.#parts.set(name, [digest]);
    else if (!digests.includes(digest)) digests.push(digest);
  }

  /** The path of a file from the folder of the type's module. */
  #pathOf(url: string): string {
    const [from, to] = [this.#module, url].map((each) => new URL(each).pathname.split("/"));
    from!.pop();
    let same = 0;
    while (same < from!.length && from![same] === to![same]) same++;
    return decodeURIComponent([...from!.slice(same).map(() => ".."), ...to!.slice(same)].join("/"));
  }
}
