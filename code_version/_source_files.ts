import { fromFileUrl } from "@std/path/from-file-url";
import { LabError } from "../lab_error.ts";
import { permissionFlags } from "../permissions.ts";
import { type Source, sourceAt } from "./task_code.ts";

interface Kept<T> {
  readonly source: Source;
  /** When it was read, in ms since the epoch. */
  readonly read: number;
  readonly value: T;
}

// File systems note times to 2 s at worst: what is saved so soon after it was read may have the same time.
const COARSE = 2000;

/** What was made of files, for as long as they are the same by time and size. */
export class SourceFiles {
  readonly #kept = new Map<string, Kept<unknown>>();
  #looked = new Map<string, Source>();
  #current = new Map<string, unknown>();

  /** Has files looked at anew. */
  refresh(): void {
    this.#looked = new Map();
    this.#current = new Map();
  }

  /** What is made of a file for a purpose; `undefined` where there is none. */
  get<T>(
    url: string,
    purpose: "code" | "data" | "included" | "config" | "lockfile",
    make: (bytes: Uint8Array<ArrayBuffer>) => T,
  ): T | undefined {
    const key = `${purpose} ${url}`;
    const current = this.#current.get(key) as T | undefined;
    if (current !== undefined) return current;
    const source = this.sourceOf(url);
    if (source.size < 0) return undefined;
    const value = this.#unchanged<T>(key, source) ?? this.#made(key, source, make);
    this.#current.set(key, value);
    return value;
  }

  #unchanged<T>(key: string, { size, changed }: Source): T | undefined {
    const kept = this.#kept.get(key) as Kept<T> | undefined;
    const isSame = kept?.source.size === size && kept.source.changed === changed;
    return isSame && changed + COARSE < kept.read ? kept.value : undefined;
  }

  #made<T>(key: string, source: Source, make: (bytes: Uint8Array<ArrayBuffer>) => T): T {
    const { url } = source;
    const read = Date.now();
    const value = make(reading(url, () => fileAt(new URL(url))));
    this.#kept.set(key, { source, read, value });
    return value;
  }

  /** A file as it is, or was when it was first looked at since {@linkcode refresh}. */
  sourceOf(url: string): Source {
    let source = this.#looked.get(url);
    if (source === undefined) {
      this.#looked.set(url, source = reading(url, () => sourceAt(url)));
    }
    return source;
  }
}

/**
 * Reads, and says what the program may not.
 *
 * @throws {LabError} With the flag that is missing.
 */
export function reading<T>(url: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const path = fromFileUrl(url);
    if (cause instanceof Deno.errors.NotCapable) {
      const [flag] = permissionFlags({ read: [path] });
      throw new LabError(
        `codeVersion "auto" reads the code that tasks can reach, and may not read ${path}: pass ${flag} ` +
          `(lab.permissionFlags() lists all that the program needs), or give the task types versions of ` +
          `their own`,
        {},
        { cause },
      );
    }
    throw new LabError(
      `codeVersion "auto" reads the code that tasks can reach, and cannot read ${path}: ` +
        (cause as Error).message,
      {},
      { cause },
    );
  }
}

/** What is no file, such as a pipe, is not opened: it may have no end, or never begin. */
function fileAt(url: URL): Uint8Array<ArrayBuffer> {
  if (!Deno.statSync(url).isFile) throw new TypeError("it is no file");
  return Deno.readFileSync(url);
}
