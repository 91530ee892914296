/** Numbers that look random and follow from a seed, so that what was found can be found again. */
export class Random {
  #state: number;

  /** Begins at a seed other than 0. */
  constructor(seed: number) {
    this.#state = seed;
  }

  /** Gives a whole number from 0 on, below the bound. */
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }

  /** Gives so many of the items, no place twice. */
  pick<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    const picked: T[] = [];
    while (picked.length < count && rest.length > 0) {
      picked.push(...rest.splice(this.below(rest.length), 1));
    }
    return picked;
  }
}
