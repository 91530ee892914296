import { takeClaim, tokensFor, unlessLost } from "./_tiered_claims.ts";
import { TieredDraft } from "./_tiered_draft.ts";
import { FarEntry, Fills } from "./_tiered_fills.ts";
import { Finder } from "./_tiered_finder.ts";
import { Gate, type Question } from "./_tiered_gate.ts";
import { Ledger } from "./_tiered_ledger.ts";
import { findKeys, findOutdated } from "./_tiered_listing.ts";
import type { Near } from "./_tiered_mark.ts";
import { messageOf, nameOf, nearAt, type Parts } from "./_tiered_parts.ts";
import { type Outcome, Pusher } from "./_tiered_push.ts";
import { deleteFromBoth, farFailure, setAsideInBoth } from "./_tiered_removals.ts";
import { commitBoth, type Drafts } from "./_tiered_saves.ts";
import { Turns } from "./_tiered_turns.ts";
import type {
  Call,
  Claim,
  CreateOptions,
  Draft,
  Entry,
  Leftover,
  LeftoverOptions,
} from "./storage.ts";

/** What two storages are put together with. */
export interface TiersOptions extends Pick<Parts, "near" | "far" | "write" | "names"> {
  /** In ms. */
  readonly maxAge: number;
}

/** A near storage in front of a far one, under keys that are known to be good ones. */
export class Tiers {
  readonly #parts: Parts;
  readonly #finder: Finder;
  readonly #fills: Fills;
  readonly #pusher: Pusher;
  /** The keys of what this storage saved while far was down. */
  readonly #pending = new Set<string>();

  /** Nothing is asked yet. */
  constructor({ maxAge, ...options }: TiersOptions) {
    const { near, far, write } = options;
    const gate = new Gate((error) =>
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
    this.#parts = { ...options, ledger: new Ledger(maxAge), gate, turns: new Turns() };
    this.#finder = new Finder(this.#parts);
    this.#fills = new Fills({ ...this.#parts, gate: nearGate });
    this.#pusher = new Pusher(this.#parts);
  }

  /** Whether {@linkcode open} would give an entry. */
  async exists(key: string, call: Call): Promise<boolean> {
    return await this.#finder.find(key, call) !== undefined;
  }

  /** Opens the entry that is in force. */
  async open(key: string, call: Call): Promise<Entry | undefined> {
    const found = await this.#finder.find(key, call);
    if (found?.source) return new FarEntry(found.source, this.#fills);
    if (!found?.isPending) return found && asGiven(found.near!);
    await this.#push(key, call);
    return asGiven(await nearAt(this.#parts, key, call) ?? found.near!);
  }

  /** Which keys have an entry. */
  async existsMany(keys: readonly string[], call: Call): Promise<Set<string>> {
    return await this.#finder.findMany(keys, call);
  }

  /** Gives the keys of all entries. */
  async *findKeys(options: Call & { readonly prefix?: string }): AsyncGenerator<string> {
    const { signal } = options;
    const isNearAlone = (key: string, isFarDown: boolean) =>
      this.#finder.isNearAlone(key, { isFarDown, signal });
    yield* findKeys({ ...this.#parts, isNearAlone }, options);
  }

  /** Begins an entry in both storages. */
  async create(key: string, { durable, claim, signal }: CreateOptions): Promise<Draft> {
    const { near, far: storage, names, gate, write } = this.#parts;
    const tokens = tokensFor(claim);
    const create = () => storage.create(key, { durable, claim: tokens.far, signal });
    const far = write === "both" ? await gate.ask(create, unlessLost({ signal })) : undefined;
    try {
      return new TieredDraft(key, {
        near: await near.create(key, { durable, claim: tokens.near, signal }),
        far: far?.value,
        names,
        try: async (act, question) => await gate.ask(act, unlessLost(question)) !== undefined,
        commit: (drafts, call) => this.#commit(key, { ...drafts, durable, ...call }),
      });
    } catch (error) {
      await Promise.allSettled([far?.value[Symbol.asyncDispose]()]);
      throw error;
    }
  }

  /** Claims a key, where one of the two has claims. */
  async claim(key: string, call: Call): Promise<Claim | undefined> {
    return await takeClaim(this.#parts, key, call);
  }

  /** Removes the entry from both storages. */
  async delete(key: string, call: Call): Promise<boolean> {
    const wasThere = await deleteFromBoth(this.#parts, key, call);
    this.#pending.delete(key);
    return wasThere;
  }

  /** Takes the entry out of the way in both storages. */
  async setAside(key: string, call: Call): Promise<string | undefined> {
    const place = await setAsideInBoth(this.#parts, key, call);
    this.#pending.delete(key);
    return place;
  }

  /** Gives what both have that is no entry, and copies of what far has no more. */
  async *findLeftovers(options: LeftoverOptions): AsyncGenerator<Leftover> {
    const { near, far, write } = this.#parts;
    yield* near.findLeftovers(options);
    yield* findOutdated(this.#parts, options);
    if (write === "both") yield* far.findLeftovers(options);
  }

  /** Pushes all of near's own entries. */
  async *push(
    options: Call & { readonly prefix?: string },
  ): AsyncGenerator<Exclude<Outcome, "down" | "none">> {
    const { signal } = options;
    for await (const key of this.#parts.near.findKeys(options)) {
      const near = await nearAt(this.#parts, key, { signal });
      if (near?.mark.kind !== "own") continue;
      const outcome = await this.#push(key, { signal, when: "always" });
      if (outcome === "down") {
        throw farFailure(this.#parts, `push "${key}"`, this.#parts.gate.lastError);
      }
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

  async #commit(key: string, drafts: Drafts & Call): Promise<void> {
    const isInFar = await commitBoth(this.#parts, key, drafts);
    if (isInFar) this.#pending.delete(key);
    else if (this.#parts.write === "both") this.#pending.add(key);
    if (!isInFar) return;
    // Far is back: each save takes one along of those that had to wait.
    for (const waiting of this.#pending) {
      return void await this.#push(waiting, { signal: drafts.signal });
    }
  }
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
