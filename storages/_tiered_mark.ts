import { isPlainObject } from "../describe.ts";
import { StorageError } from "../errors.ts";
import type { Call, Entry, Storage } from "./storage.ts";

/**
 * What the near storage keeps with an entry, as one more file of it: whether it is a copy of an entry of
 * the far storage, or one that far has not got (yet). It appears and vanishes with the entry, so that
 * whoever dies midway never leaves one without the other.
 */
export interface Mark {
  /** Tells this very content of near from all others. */
  readonly id: string;
  /**
   * A `"copy"` of what far had at `at`; or near's `"own"`, saved while far was down or is not to be
   * written.
   */
  readonly kind: "copy" | "own";
  /** When far was last known to have it, or when it was saved; in ms since 1970. */
  readonly at: number;
  /** The version of the far entry that it is a copy of, where far told one. */
  readonly version?: string;
  /** The far entry in whose place near's own was saved; left out where none was known. */
  readonly base?: Base;
  /** Whether the own entry was asked to survive a loss of power. */
  readonly durable?: boolean;
}

/** What tells a far entry from others: its version, or else a digest of what it holds. */
export interface Base {
  readonly version?: string;
  readonly fingerprint?: string;
}

/** An entry of the near storage and its mark. */
export interface Near {
  /** The entry without the mark's file. */
  readonly entry: Entry;
  readonly mark: Mark;
}

const NAME = "labtech-tiered";
const FORMAT = 1;
/** Marks are some 200 bytes long; anything much longer is none. */
const LIMIT = 4096;
const TRIES = 5;

/** The names that marks have: of a storage, and of those that are its near one, and that one's, in turn. */
export class MarkNames {
  /** How many storages of this kind lie in front of each other. */
  readonly level: number;
  readonly #names: ReadonlySet<string>;

  /** `level` is 1 where the near storage is of another kind. */
  constructor(level: number) {
    this.level = level;
    this.#names = new Set(Array.from({ length: level }, (_, n) => nameAt(n + 1)));
  }

  /** The file that the mark lies in. */
  get own(): string {
    return nameAt(this.level);
  }

  /** Whether a file may not be seen nor written by callers. */
  has(file: string): boolean {
    return this.#names.has(file);
  }
}

function nameAt(level: number): string {
  return level === 1 ? `${NAME}.json` : `${NAME}-${level}.json`;
}

/** Gives a mark with an identity of its own. */
export function newMark(mark: Omit<Mark, "id">): Mark {
  return { id: crypto.randomUUID(), ...mark };
}

/** Gives the bytes of a mark. */
export function encodeMark(mark: Mark): Uint8Array<ArrayBuffer> {
  const { version, ...rest } = mark;
  // One too long to be read back is as good as none: the entries are compared instead.
  const told = version !== undefined && version.length > 1000 ? undefined : version;
  return new TextEncoder().encode(JSON.stringify({ format: FORMAT, ...rest, version: told }));
}

/** Opens the entry of a near storage with its mark. One that is replaced meanwhile is opened again. */
export async function openNear(
  storage: Storage,
  key: string,
  { names, signal }: Call & { readonly names: MarkNames },
): Promise<Near | undefined> {
  for (let tries = 1;; tries++) {
    const entry = await storage.open(key, { signal });
    if (entry === undefined) return undefined;
    try {
      return { entry: new UnmarkedEntry(entry, names), mark: await markOf(entry, names, signal) };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof StorageError) || tries === TRIES) throw error;
    }
  }
}

async function markOf(entry: Entry, names: MarkNames, signal?: AbortSignal): Promise<Mark> {
  const size = entry.files.get(names.own);
  // Near was in use before far was there, so far was never told of the entry.
  if (size === undefined) return { id: unmarked(entry), kind: "own", at: 0 };
  const mark = size > LIMIT ? undefined : decodeMark(await entry.read(names.own, { signal }));
  // A copy of nobody knows what: it is served if far has the same, or is down.
  return mark ?? { id: unmarked(entry), kind: "copy", at: 0 };
}

/** An identity for what has none; what has no version either is never taken for the same. */
function unmarked({ version = crypto.randomUUID() }: Entry): string {
  return `unmarked ${version}`;
}

function decodeMark(bytes: Uint8Array): Mark | undefined {
  let mark: unknown;
  try {
    mark = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (!isPlainObject(mark) || mark.format !== FORMAT || typeof mark.id !== "string") {
    return undefined;
  }
  const { id, kind, at, version, base, durable } = mark;
  if ((kind !== "copy" && kind !== "own") || typeof at !== "number") return undefined;
  return { id, kind, at, version: text(version), base: baseIn(base), durable: durable === true };
}

function baseIn(base: unknown): Base | undefined {
  if (!isPlainObject(base)) return undefined;
  return { version: text(base.version), fingerprint: text(base.fingerprint) };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** An entry without the marks that lie in it. */
export class UnmarkedEntry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly #entry: Entry;
  readonly #names: MarkNames;

  /** Hides the names of marks. */
  constructor(entry: Entry, names: MarkNames) {
    this.key = entry.key;
    this.files = new Map([...entry.files].filter(([file]) => !names.has(file)));
    this.#entry = entry;
    this.#names = names;
  }

  get version(): string | undefined {
    return this.#entry.version;
  }

  // deno-lint-ignore require-await -- what is refused must reject, not throw.
  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    this.#check(file);
    return this.#entry.read(file, options);
  }

  // deno-lint-ignore require-await
  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    this.#check(file);
    return this.#entry.stream(file, options);
  }

  #check(file: string): void {
    if (!this.#names.has(file)) return;
    const names = [...this.files.keys()].join(", ");
    throw new StorageError(`There is no file "${file}" in the entry "${this.key}", only: ${names}`);
  }
}
