import type { Mark } from "./_tiered_mark.ts";

/** What was last learnt of the far entry under a key. */
export interface Known {
  /** The content of near that is what far has, or that goes before it, by the id of its mark. */
  readonly id?: string;
  /** The version of the far entry, where it told one. */
  readonly version?: string;
  /** Whether far has none. */
  readonly isAbsent?: boolean;
  /** For how fresh it counts: when far was asked, or began to be changed; in ms since 1970. */
  readonly at: number;
  /** Whatever near says from before that time is older than this knowledge; in ms since 1970. */
  readonly order: number;
}

/** Of how many keys it is remembered what was learnt. Of others it is asked again. */
const MOST = 100_000;

/** What one storage knows of the far one: when it asked, and what it changed. It lives in memory only. */
export class Ledger {
  readonly #maxAge: number;
  readonly #known = new Map<string, Known>();

  /** `maxAge` is how long far need not be asked again, in ms. */
  constructor(maxAge: number) {
    this.#maxAge = maxAge;
  }

  /** Notes what was learnt, unless something newer is known. */
  note(key: string, known: Known): void {
    const earlier = this.#known.get(key);
    if (earlier && earlier.order > known.order) return;
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size <= MOST) return;
    for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }

  /** What is known of a key. */
  get(key: string): Known | undefined {
    return this.#known.get(key);
  }

  /** Whether near's entry may be served without asking far. */
  isFresh(key: string, mark: Mark): boolean {
    const known = this.#known.get(key);
    if (!known || mark.at > known.order) return this.#isYoung(mark.at);
    return agree(known, mark) && this.#isYoung(known.at);
  }

  /** Whether far surely has an entry that near has a copy of, by what is known in memory alone. */
  isThere(key: string): boolean {
    const known = this.#known.get(key);
    return known !== undefined && known.id !== undefined && this.#isYoung(known.at);
  }

  /** Whether near's entry is known to have been replaced or deleted in far. */
  isOutdated(key: string, mark: Mark): boolean {
    const known = this.#known.get(key);
    return known !== undefined && mark.at <= known.order && !agree(known, mark);
  }

  #isYoung(at: number): boolean {
    const age = Date.now() - at;
    // What seems to come from the future does since the clock was set back: nothing is known of its age.
    return age >= 0 && age < this.#maxAge;
  }
}

function agree(known: Known, mark: Mark): boolean {
  if (known.isAbsent) return false;
  return known.id === mark.id ||
    (known.version !== undefined && mark.kind === "copy" && known.version === mark.version);
}
