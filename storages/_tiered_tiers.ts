import { StorageError } from "../errors.ts";
import { TieredDraft } from "./_tiered_draft.ts";
import { FarEntry, Fills, type Source } from "./_tiered_fills.ts";
import { Gate, type Question } from "./_tiered_gate.ts";
import { Ledger } from "./_tiered_ledger.ts";
import { findKeys, findOutdated } from "./_tiered_listing.ts";
import {
  type Base,
  encodeMark,
  type Mark,
  type MarkNames,
  type Near,
  newMark,
  openNear,
} from "./_tiered_mark.ts";
import { type Outcome, Pusher } from "./_tiered_push.ts";
import { baseOf, compareFar, fingerprintOf, isBase, isSameContent } from "./_tiered_same.ts";
import { Turns } from "./_tiered_turns.ts";
import type {
  Call,
  CreateOptions,
  Draft,
  Entry,
  Leftover,
  LeftoverOptions,
  Storage,
} from "./storage.ts";

/** What two storages are put together with. */
export interface TiersOptions {
  readonly near: Storage;
  readonly far: Storage;
  readonly write: "both" | "near";
  /** In ms. */
  readonly maxAge: number;
  readonly names: MarkNames;
}

/** Where an entry is to be read. */
interface Found {
  /** Near's, where that is the one. */
  readonly near?: Near;
  /** Far's, where near has none, or another one. */
  readonly source?: Source;
  /** Whether far answered, and near's own is to go there. */
  readonly isPending?: boolean;
}

/** A near storage in front of a far one, under keys that are known to be good ones. */
export class Tiers {
  readonly #near: Storage;
  readonly #far: Storage;
  readonly #write: "both" | "near";
  readonly #names: MarkNames;
  readonly #ledger: Ledger;
  readonly #gate: Gate;
  readonly #turns = new Turns();
  readonly #fills: Fills;
  readonly #pusher: Pusher;
  /** The keys of what this storage saved while far was down. */
  readonly #pending = new Set<string>();

  /** Nothing is asked yet. */
  constructor({ near, far, write, maxAge, names }: TiersOptions) {
    this.#near = near;
    this.#far = far;
    this.#write = write;
    this.#names = names;
    this.#ledger = new Ledger(maxAge);
    this.#gate = new Gate((error) =>
      console.warn(
        `The far storage (${nameOf(far)}) cannot be used: ${
          messageOf(error)
        }. The near one goes on ` +
          `alone` +
          (write === "both" ? "; what is saved meanwhile is given to far when it is back" : ""),
      )
    );
    const nearGate = new Gate((error) =>
      console.warn(
        `The near storage (${nameOf(near)}) cannot keep copies: ${messageOf(error)}. What it has ` +
          `not is read from the far one each time`,
      )
    );
    const parts = { near, far, names, ledger: this.#ledger, turns: this.#turns };
    this.#fills = new Fills({ ...parts, gate: nearGate });
    this.#pusher = new Pusher({ ...parts, gate: this.#gate });
  }

  /** Whether {@linkcode open} would give an entry. */
  async exists(key: string, call: Call): Promise<boolean> {
    return await this.#find(key, call) !== undefined;
  }

  /** Opens the entry that is in force. */
  async open(key: string, call: Call): Promise<Entry | undefined> {
    const found = await this.#find(key, call);
    if (found?.source) return new FarEntry(found.source, this.#fills);
    if (!found?.isPending) return found && asGiven(found.near!);
    await this.#push(key, call);
    return asGiven(await this.#openNear(key, call) ?? found.near!);
  }

  /** Which keys have an entry: one question to each storage. */
  async existsMany(keys: readonly string[], { signal }: Call): Promise<Set<string>> {
    const [near, far, ledger] = [this.#near, this.#far, this.#ledger];
    const inNear = await near.existsMany(keys, { signal });
    const unsure = keys.filter((key) => !(inNear.has(key) && ledger.isThere(key)));
    const at = Date.now();
    const ask = () => far.existsMany(unsure, { signal });
    const inFar = unsure.length === 0 ? undefined : await this.#gate.ask(ask, { signal });
    const found = new Set(keys);
    for (const key of unsure) {
      if (inFar?.value.has(key)) continue;
      if (!inNear.has(key) || !await this.#isNearAlone(key, { isFarDown: !inFar, signal })) {
        found.delete(key);
        if (inFar) ledger.note(key, { isAbsent: true, at, order: at });
      }
    }
    return found;
  }

  /** Gives the keys of all entries. */
  async *findKeys(options: Call & { readonly prefix?: string }): AsyncGenerator<string> {
    yield* findKeys({
      near: this.#near,
      far: this.#far,
      gate: this.#gate,
      isNearAlone: (key, isFarDown) =>
        this.#isNearAlone(key, { isFarDown, signal: options.signal }),
    }, options);
  }

  /** Begins an entry in both storages. */
  async create(key: string, { durable, signal }: CreateOptions): Promise<Draft> {
    const create = () => this.#far.create(key, { durable, signal });
    const far = this.#write === "both" ? await this.#gate.ask(create, { signal }) : undefined;
    try {
      return new TieredDraft(key, {
        near: await this.#near.create(key, { durable, signal }),
        far: far?.value,
        names: this.#names,
        try: async (act, question) => await this.#gate.ask(act, question) !== undefined,
        commit: (drafts, call) => this.#commit(key, { ...drafts, durable }, call),
      });
    } catch (error) {
      await Promise.allSettled([far?.value[Symbol.asyncDispose]()]);
      throw error;
    }
  }

  /** Removes the entry from both storages. */
  async delete(key: string, { signal }: Call): Promise<boolean> {
    return await this.#turns.take(key, async () => {
      const near = await this.#openNear(key, { signal });
      const at = Date.now();
      const isReadOnly = this.#write === "near";
      const wasInFar = await this.#askForSure(
        `delete "${key}"`,
        () => isReadOnly ? this.#far.exists(key, { signal }) : this.#far.delete(key, { signal }),
        signal,
      );
      if (isReadOnly && wasInFar) {
        throw new StorageError(
          `Cannot delete "${key}": it is in the far storage (${
            nameOf(this.#far)
          }), which is only ` +
            `read since write is "near"; delete it there`,
        );
      }
      this.#pending.delete(key);
      // From here on it is deleted in any case.
      if (near) await this.#near.delete(key);
      this.#ledger.note(key, { isAbsent: true, at, order: Date.now() });
      return wasInFar || near?.mark.kind === "own";
    }, signal);
  }

  /** Takes the entry out of the way in both storages; of a far one that is down, a warning tells. */
  async setAside(key: string, { signal }: Call): Promise<string | undefined> {
    return await this.#turns.take(key, async () => {
      const near = await this.#openNear(key, { signal });
      const at = Date.now();
      const act = () => this.#far.setAside(key, { signal });
      const far = this.#write === "both" ? await this.#gate.ask(act, { signal }) : undefined;
      this.#pending.delete(key);
      const places = [far?.value, await this.#near.setAside(key)];
      // What far still has is what the entry that follows is saved in place of.
      const order = Date.now();
      this.#ledger.note(
        key,
        far ? { isAbsent: true, at, order } : { version: near?.mark.version, at: 0, order },
      );
      return places.filter((place) => place !== undefined).join(" and ") || undefined;
    }, signal);
  }

  /** Gives what both have that is no entry, and copies of what far has no more. */
  async *findLeftovers(options: LeftoverOptions): AsyncGenerator<Leftover> {
    yield* this.#near.findLeftovers(options);
    yield* findOutdated({
      near: this.#near,
      far: this.#far,
      names: this.#names,
      gate: this.#gate,
    }, options);
    if (this.#write === "both") yield* this.#far.findLeftovers(options);
  }

  /** Pushes all of near's own entries. */
  async *push(
    options: Call & { readonly prefix?: string },
  ): AsyncGenerator<Exclude<Outcome, "down" | "none">> {
    const { signal } = options;
    for await (const key of this.#near.findKeys(options)) {
      const near = await this.#openNear(key, { signal });
      if (near?.mark.kind !== "own") continue;
      const outcome = await this.#push(key, { signal, when: "always" });
      if (outcome === "down") throw this.#failure(`push "${key}"`, this.#gate.lastError);
      if (outcome !== "none") yield outcome;
    }
  }

  /** Pushes what this storage knows to be waiting, as long as far answers. */
  async pushPending(): Promise<void> {
    for (const key of this.#pending) {
      if (await this.#push(key, {}) === "down") return;
    }
  }

  async #push(key: string, question: Question): Promise<Outcome> {
    const outcome = await this.#pusher.push(key, question);
    if (outcome !== "waiting" && outcome !== "down") this.#pending.delete(key);
    return outcome;
  }

  /** Finds the entry that is in force. */
  async #find(key: string, { signal }: Call): Promise<Found | undefined> {
    const near = await this.#openNear(key, { signal });
    const mayBeFresh = near && (near.mark.kind === "copy" || this.#write === "near");
    if (mayBeFresh && this.#ledger.isFresh(key, near.mark)) return { near };
    const at = Date.now();
    const place = { storage: this.#far, names: this.#names, signal };
    const answer = await this.#gate.ask(
      () =>
        compareFar(place, key, async (far) => ({
          far,
          isInForce: await isNears(near, far, { signal }),
        })),
      { signal },
    );
    // What is known to be replaced is not served even when the newer one is out of reach.
    if (!answer) return near && !this.#ledger.isOutdated(key, near.mark) ? { near } : undefined;
    const { far, isInForce } = answer.value;
    const { version } = far ?? {};
    if (near && isInForce) {
      this.#ledger.note(key, { id: near.mark.id, version, at, order: at });
      return { near, isPending: near.mark.kind === "own" && this.#write === "both" };
    }
    this.#ledger.note(key, { version, isAbsent: !far, at, order: at });
    return far && { source: { entry: far, at, loser: near?.mark } };
  }

  /** Commits to far first: near has no copy of what far has not. */
  async #commit(
    key: string,
    { near, far, durable }: { near: Draft; far?: Draft; durable?: boolean },
    { signal }: Call,
  ): Promise<void> {
    const isInFar = await this.#turns.take(key, async () => {
      const at = Date.now();
      const isInFar = far && await this.#gate.ask(() => far.commit({ signal }), { signal });
      if (isInFar) {
        const mark = newMark({ kind: "copy", at });
        await this.#commitCopy(near, mark);
        this.#pending.delete(key);
        this.#ledger.note(key, { id: mark.id, at, order: Date.now() });
        return true;
      }
      const base = await this.#baseOf(key, { signal });
      const mark = newMark({ kind: "own", at, base, durable });
      await near.write(this.#names.own, encodeMark(mark), { signal });
      await near.commit({ signal });
      const isReadOnly = this.#write === "near";
      if (!isReadOnly) this.#pending.add(key);
      this.#ledger.note(key, { id: mark.id, at: isReadOnly ? at : 0, order: Date.now() });
      return false;
    }, signal);
    if (!isInFar || this.#pending.size === 0) return;
    // Far is back: each save takes one along of those that had to wait.
    for (const waiting of this.#pending) return void await this.#push(waiting, { signal });
  }

  /** The entry is saved already, so that what goes wrong here costs no more than a copy. */
  async #commitCopy(near: Draft, mark: Mark): Promise<void> {
    try {
      await near.write(this.#names.own, encodeMark(mark));
      await near.commit();
    } catch (error) {
      console.warn(
        `"${near.key}" is saved in the far storage, but the near one (${
          nameOf(this.#near)
        }) cannot ` +
          `keep a copy: ${messageOf(error)}`,
      );
    }
  }

  /** What far is known to have, in whose place an own entry of near is saved. */
  async #baseOf(key: string, { signal }: Call): Promise<Base | undefined> {
    if (this.#write === "near") {
      const place = { storage: this.#far, names: this.#names, signal };
      const answer = await this.#gate.ask(
        () => compareFar(place, key, async (far) => far && await baseOf(far, { signal })),
        { signal },
      );
      if (answer) return answer.value;
    }
    const known = this.#ledger.get(key);
    const near = await this.#openNear(key, { signal });
    if (!near || this.#ledger.isOutdated(key, near.mark)) {
      return known?.version === undefined ? undefined : { version: known.version };
    }
    const { kind, base, version, id } = near.mark;
    if (kind === "own") return base;
    const told = version ?? (known?.id === id ? known.version : undefined);
    if (told !== undefined) return { version: told };
    return { fingerprint: await fingerprintOf(near.entry, { signal }) };
  }

  /** Whether near has an entry that is in force though far has none, or cannot be asked. */
  async #isNearAlone(
    key: string,
    { isFarDown, signal }: Call & { readonly isFarDown: boolean },
  ): Promise<boolean> {
    if (isFarDown && !this.#ledger.get(key)) return true;
    const near = await this.#openNear(key, { signal });
    if (!near) return false;
    return isFarDown ? !this.#ledger.isOutdated(key, near.mark) : near.mark.kind === "own";
  }

  /** Asks far, pause or not; what fails is an error. */
  async #askForSure<T>(
    doing: string,
    act: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const { answer, error: cause } = await this.#gate.tryAsk(act, { signal, when: "always" });
    if (answer) return answer.value;
    throw this.#failure(doing, cause);
  }

  #failure(doing: string, cause: unknown): StorageError {
    return new StorageError(
      `Cannot ${doing}: the far storage (${nameOf(this.#far)}) failed: ${
        messageOf(cause)
      }. The near ` +
        `one is as it was; try again when far is back`,
      { cause },
    );
  }

  #openNear(key: string, { signal }: Call): Promise<Near | undefined> {
    return openNear(this.#near, key, { names: this.#names, signal });
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

// An entry is served from either storage, whose versions tell nothing of each other.
function asGiven({ entry }: Near): Entry {
  return {
    key: entry.key,
    files: entry.files,
    read: (file, options) => entry.read(file, options),
    stream: (file, options) => entry.stream(file, options),
  };
}

function nameOf(storage: Storage): string {
  return storage.spec?.type ?? storage.constructor.name;
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\.$/, "");
}
