import type { Call, Claim, Storage } from "../storages/storage.ts";

/** From how many quick tasks in a row on a type is taken for quick, and what is quick, in ms. */
const IN_A_ROW = 16;
const QUICK = 10;

/**
 * Which tasks are claimed before they run, by the type: those whose like took less than 10 ms, 16 times in a
 * row, are not, where that is left to the library.
 */
export class Claims {
  readonly #storage: Storage;
  readonly #mode: boolean | "auto";
  /** Whether claims end where nothing is heard of their holder, as far as that was seen. */
  #areTimed: boolean | undefined;
  /** How many of a type in a row were quick, by its name. */
  readonly #quick = new Map<string, number>();

  constructor(storage: Storage, mode: boolean | "auto") {
    this.#storage = storage;
    this.#mode = mode;
  }

  /** Claims a key: `"elsewhere"` while somebody else has it, `undefined` where it needs none. */
  async take(type: string, key: string, call: Call): Promise<Claim | "elsewhere" | undefined> {
    const storage = this.#storage;
    if (this.#mode === false || storage.claim === undefined) return undefined;
    if (this.#mode === "auto" && this.#isQuick(type)) return undefined;
    const claim = await storage.claim(key, call);
    if (claim !== undefined) this.#areTimed = claim.ttl !== undefined;
    return claim ?? "elsewhere";
  }

  /** Whether claims end where nothing is heard of their holder; others a frozen one keeps for ever. */
  async areTimed(call: Call): Promise<boolean> {
    if (this.#areTimed === undefined) {
      await using claim = await this.#storage.claim?.(`claim__${crypto.randomUUID()}`, call);
      this.#areTimed = claim?.ttl !== undefined;
    }
    return this.#areTimed;
  }

  /** Learns how long a task took, in ms. */
  learn(type: string, duration: number): void {
    this.#quick.set(type, duration < QUICK ? (this.#quick.get(type) ?? 0) + 1 : 0);
  }

  #isQuick(type: string): boolean {
    return (this.#quick.get(type) ?? 0) >= IN_A_ROW;
  }
}
