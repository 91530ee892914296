import { StorageError } from "../errors.ts";
import { copyFiles, SourceFailure } from "./_tiered_copy.ts";
import type { Question } from "./_tiered_gate.ts";
import { encodeMark, type Near, newMark } from "./_tiered_mark.ts";
import { nearAt, type Parts } from "./_tiered_parts.ts";
import { compareFar, isBase, isSameContent } from "./_tiered_same.ts";
import type { Call } from "./storage.ts";

/**
 * What came of an entry: far has it now (`"pushed"`), has another one that stays (`"outdated"`), or could
 * not be asked (`"down"`); `"waiting"` where near could not be read, `"none"` where nothing was to be pushed.
 */
export type Outcome = "pushed" | "outdated" | "down" | "waiting" | "none";

/** Gives the far storage what was saved in the near one while it was down. */
export class Pusher {
  readonly #parts: Parts;

  /** Nothing is pushed yet. */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Pushes near's own entry of a key where far has none, or still has the very one in whose place it was
   * saved. Everything else that far has is newer for all that can be known, and stays.
   */
  async push(key: string, question: Question = {}): Promise<Outcome> {
    const { signal } = question;
    return await this.#parts.turns.take(key, async () => {
      const own = await nearAt(this.#parts, key, { signal });
      if (own?.mark.kind !== "own") return "none";
      return await this.#push(own, question);
    }, signal);
  }

  async #push(own: Near, question: Question): Promise<Outcome> {
    const { gate, ledger } = this.#parts;
    const { key } = own.entry;
    const at = Date.now();
    try {
      const excuses = (error: unknown) => error instanceof SourceFailure;
      const answer = await gate.ask(() => this.#give(own, question), { ...question, excuses });
      if (!answer) return "down";
      const { isOutdated, version } = answer.value;
      if (isOutdated) {
        ledger.note(key, { version, at, order: at });
        return "outdated";
      }
      await this.#remark(own, { at, version });
      return "pushed";
    } catch (error) {
      question.signal?.throwIfAborted();
      // Near was changed meanwhile, or fails; what is there is pushed another time.
      if (error instanceof SourceFailure || error instanceof StorageError) return "waiting";
      throw error;
    }
  }

  /** Gives far the entry, unless it has another one. */
  async #give(
    own: Near,
    { signal }: Call,
  ): Promise<{ readonly isOutdated: boolean; readonly version?: string }> {
    const { far, names } = this.#parts;
    const { entry: { key }, mark: { base, durable } } = own;
    const current = await compareFar(
      { storage: far, names, signal },
      key,
      async (entry) =>
        entry && {
          version: entry.version,
          isSame: await isSameContent(entry, own, { signal }),
          isBase: await isBase(entry, base, { signal }),
        },
    );
    if (current && (current.isSame || !current.isBase)) {
      return { isOutdated: !current.isSame, version: current.version };
    }
    await using draft = await far.create(key, { durable, signal });
    await copyFiles(own.entry, draft, { signal });
    await draft.commit({ signal });
    return { isOutdated: false };
  }

  /**
   * Saves the entry again as a copy of far's. A mark cannot be changed by itself; where this is not done,
   * the entry is compared with far's another time.
   */
  async #remark(own: Near, { at, version }: { at: number; version?: string }): Promise<void> {
    const { near, names, ledger } = this.#parts;
    const { key } = own.entry;
    const { durable } = own.mark;
    const mark = newMark({ kind: "copy", at, version });
    await using draft = await near.create(key, { durable });
    await copyFiles(own.entry, draft);
    await draft.write(names.own, encodeMark(mark));
    const now = await nearAt(this.#parts, key, {});
    if (now?.mark.id !== own.mark.id) return;
    await draft.commit();
    ledger.note(key, { id: mark.id, version, at, order: Date.now() });
  }
}
