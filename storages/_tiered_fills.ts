import { copyFiles, SourceFailure } from "./_tiered_copy.ts";
import { encodeMark, type Mark, newMark, openNear } from "./_tiered_mark.ts";
import type { Parts } from "./_tiered_parts.ts";
import { orAbort } from "./_tiered_turns.ts";
import type { Call, Entry } from "./storage.ts";

/** What a copy is made of. */
export interface Source {
  /** An entry of the far storage, without marks. */
  readonly entry: Entry;
  /** When far was asked for it; in ms since 1970. */
  readonly at: number;
  /** The mark of near's own entry that has to give way to it. */
  readonly loser?: Mark;
}

/** What copies are made with; the gate guards near: where copies fail there, none are made for a while. */
type FillParts = Pick<Parts, "near" | "names" | "ledger" | "turns" | "gate">;

/** A copy under way, and who waits for it. */
interface UnderWay {
  readonly copy: Promise<Entry | undefined>;
  readonly stop: AbortController;
  waiting: number;
}

/** Copies entries of the far storage to the near one. */
export class Fills {
  readonly #parts: FillParts;
  readonly #underWay = new Map<string, UnderWay>();
  readonly #names = new WeakMap<Entry, string>();

  /** Nothing is copied yet. */
  constructor(parts: FillParts) {
    this.#parts = parts;
  }

  /**
   * Copies an entry, and gives the copy; `undefined` where there is none, since near cannot keep it or
   * has something newer. Who wants the same entry meanwhile waits for the same copy; it is given up when
   * nobody waits any more.
   */
  async fill(source: Source, { signal }: Call): Promise<Entry | undefined> {
    signal?.throwIfAborted();
    const name = this.#nameOf(source.entry);
    let fill = this.#underWay.get(name);
    if (!fill || fill.stop.signal.aborted) {
      const stop = new AbortController();
      fill = { copy: this.#fill(source, stop.signal), stop, waiting: 0 };
      const started = fill;
      this.#underWay.set(name, started);
      const remove = () => {
        if (this.#underWay.get(name) === started) this.#underWay.delete(name);
      };
      started.copy.then(remove, remove);
    }
    fill.waiting++;
    try {
      return await orAbort(fill.copy, signal);
    } finally {
      if (--fill.waiting === 0 && signal?.aborted) {
        fill.stop.abort(signal.reason);
        await fill.copy.catch(() => {});
      }
    }
  }

  /** What has no version is the same as itself only. */
  #nameOf(entry: Entry): string {
    let name = this.#names.get(entry);
    if (name === undefined) {
      name = `${entry.key} ${entry.version ?? crypto.randomUUID()}`;
      this.#names.set(entry, name);
    }
    return name;
  }

  async #fill(source: Source, signal: AbortSignal): Promise<Entry | undefined> {
    const excuses = (error: unknown) => error instanceof SourceFailure;
    try {
      return (await this.#parts.gate.ask(() => this.#copy(source, signal), { signal, excuses }))
        ?.value;
    } catch (error) {
      // The reader asks far itself, and hears of it.
      if (excuses(error)) return undefined;
      throw error;
    }
  }

  async #copy({ entry, at, loser }: Source, signal: AbortSignal): Promise<Entry | undefined> {
    const { near, names, ledger, turns } = this.#parts;
    const { key, version } = entry;
    const mark = newMark({ kind: "copy", at, version });
    await using draft = await near.create(key, { signal });
    await copyFiles(entry, draft, { signal });
    await draft.write(names.own, encodeMark(mark), { signal });
    const isDone = await turns.take(key, async () => {
      const now = await openNear(near, key, { names, signal });
      if (now && !givesWay(now.mark, { at, loser })) return false;
      // Nobody's result is lost over a copy.
      if (now?.mark.kind === "own") await near.setAside(key, { signal });
      await draft.commit({ signal });
      ledger.note(key, { id: mark.id, version, at, order: at });
      return true;
    }, signal);
    const filled = isDone ? await openNear(near, key, { names, signal }) : undefined;
    return filled?.mark.id === mark.id ? filled.entry : undefined;
  }
}

/** Whether what lies in near may be replaced: copies that are no newer, and the own one that lost. */
function givesWay(mark: Mark, { at, loser }: Pick<Source, "at" | "loser">): boolean {
  return mark.kind === "copy" ? mark.at <= at : mark.id === loser?.id;
}

const METADATA = "metadata.json";

/** An entry of the far storage, which is copied to the near one before its data is read. */
export class FarEntry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly #source: Source;
  readonly #fills: Fills;
  #copy?: Entry | "none";

  /** Nothing is copied before a file is read. */
  constructor(source: Source, fills: Fills) {
    this.key = source.entry.key;
    this.files = source.entry.files;
    this.#source = source;
    this.#fills = fills;
  }

  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#from(file, (entry) => entry.read(file, options), options);
  }

  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return await this.#from(file, (entry) => entry.stream(file, options), options);
  }

  async #from<T>(file: string, read: (entry: Entry) => Promise<T>, call: Call = {}): Promise<T> {
    call.signal?.throwIfAborted();
    const { entry } = this.#source;
    // Who lists entries reads that of thousands, and nothing else of them.
    const isPart = this.files.has(file) && file !== METADATA;
    if (isPart) this.#copy ??= await this.#fills.fill(this.#source, call) ?? "none";
    if (this.#copy === undefined || this.#copy === "none") return await read(entry);
    try {
      return await read(this.#copy);
    } catch {
      call.signal?.throwIfAborted();
      // The copy was replaced since.
      return await read(entry);
    }
  }
}
