import type { Call, Claim, Storage } from "../storages/storage.ts";

/** From how many tasks on a type is known well enough, and how long all of them took at most, in ms. */
const KNOWN = 16;
const QUICK = 10;

/**
 * Which tasks are claimed before they run, by the type: those whose like took less than 10 ms 16 times are not,
 * where that is left to the library.
 */
export class Claims {
  readonly #storage: Storage;
  readonly #mode: boolean | "auto";
  readonly #known = new Map<string, { count: number; longest: number }>();

  constructor(storage: Storage, mode: boolean | "auto") {
    this.#storage = storage;
    this.#mode = mode;
  }

  /** Claims a key: `"elsewhere"` while somebody else has it, `undefined` where it needs none. */
  async take(type: string, key: string, call: Call): Promise<Claim | "elsewhere" | undefined> {
    const storage = this.#storage;
    if (this.#mode === false || storage.claim === undefined) return undefined;
    if (this.#mode === "auto" && this.#isQuick(type)) return undefined;
    return await storage.claim(key, call) ?? "elsewhere";
  }

  /** Learns how long a task took, in ms. */
  learn(type: string, duration: number): void {
    const known = this.#known.get(type) ?? { count: 0, longest: 0 };
    this.#known.set(type, {
      count: known.count + 1,
      longest: Math.max(known.longest, duration),
    });
  }

  #isQuick(type: string): boolean {
    const { count, longest } = this.#known.get(type) ?? { count: 0, longest: 0 };
    return count >= KNOWN && longest < QUICK;
  }
}
