import type { Source } from "./_tiered_fills.ts";
import type { Near } from "./_tiered_mark.ts";
import { nearAt, type Parts } from "./_tiered_parts.ts";
import { compareFar, isBase, isSameContent } from "./_tiered_same.ts";
import type { Call, Entry } from "./storage.ts";

/** Where an entry is to be read. */
export interface Found {
  /** Near's, where that is the one. */
  readonly near?: Near;
  /** Far's, where near has none, or another one. */
  readonly source?: Source;
  /** Whether far answered, and near's own is to go there. */
  readonly isPending?: boolean;
}

/** Decides which of two storages has the entry that is in force. */
export class Finder {
  readonly #parts: Parts;

  /** Nothing is asked yet. */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Finds the entry under a key. */
  async find(key: string, { signal }: Call): Promise<Found | undefined> {
    const { far: storage, names, ledger, gate, write } = this.#parts;
    const near = await nearAt(this.#parts, key, { signal });
    const mayBeFresh = near && (near.mark.kind === "copy" || write === "near");
    if (mayBeFresh && ledger.isFresh(key, near.mark)) return { near };
    const at = Date.now();
    const judge = async (far: Entry | undefined) => ({
      far,
      isInForce: await isNears(near, far, { signal }),
    });
    const ask = () => compareFar({ storage, names, signal }, key, judge);
    const answer = await gate.ask(ask, { signal });
    // What is known to be replaced is not served even when the newer one is out of reach.
    if (!answer) return near && !ledger.isOutdated(key, near.mark) ? { near } : undefined;
    const { far, isInForce } = answer.value;
    const { version } = far ?? {};
    if (near && isInForce) {
      ledger.note(key, { id: near.mark.id, version, at, order: at });
      return { near, isPending: near.mark.kind === "own" && write === "both" };
    }
    ledger.note(key, { version, isAbsent: !far, at, order: at });
    return far && { source: { entry: far, at, loser: near?.mark } };
  }

  /** Which keys have an entry: one question to each storage. */
  async findMany(keys: readonly string[], { signal }: Call): Promise<Set<string>> {
    const { near, far, ledger, gate } = this.#parts;
    const inNear = await near.existsMany(keys, { signal });
    const unsure = keys.filter((key) => !(inNear.has(key) && ledger.isThere(key)));
    const at = Date.now();
    const ask = () => far.existsMany(unsure, { signal });
    const inFar = unsure.length === 0 ? undefined : await gate.ask(ask, { signal });
    const found = new Set(keys);
    for (const key of unsure) {
      if (inFar?.value.has(key)) continue;
      if (inNear.has(key) && await this.isNearAlone(key, { isFarDown: !inFar, signal })) continue;
      found.delete(key);
      if (inFar) ledger.note(key, { isAbsent: true, at, order: at });
    }
    return found;
  }

  /** Whether near has an entry that is in force though far has none, or cannot be asked. */
  async isNearAlone(
    key: string,
    { isFarDown, signal }: Call & { readonly isFarDown: boolean },
  ): Promise<boolean> {
    const { ledger } = this.#parts;
    if (isFarDown && !ledger.get(key)) return true;
    const near = await nearAt(this.#parts, key, { signal });
    if (!near) return false;
    return isFarDown ? !ledger.isOutdated(key, near.mark) : near.mark.kind === "own";
  }
}

/** Whether near's entry is the one in force, by what far has. */
async function isNears(
  near: Near | undefined,
  far: Entry | undefined,
  call: Call,
): Promise<boolean> {
  if (!near) return false;
  const isOwn = near.mark.kind === "own";
  if (!far) return isOwn;
  if (await isSameContent(far, near, call)) return true;
  return isOwn && await isBase(far, near.mark.base, call);
}
