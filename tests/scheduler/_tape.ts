/** Numbers that decide what happens; when they are used up, tasks simply run. */
export class Tape {
  #at = 0;
  constructor(readonly numbers: readonly number[]) {}

  get ended(): boolean {
    return this.#at >= this.numbers.length;
  }

  below(limit: number): number {
    return (this.numbers[this.#at++] ?? 0) % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** About one in so many of some items; one number decides which. */
  some<T>(items: readonly T[], oneIn: number): T[] {
    const number = this.below(1000);
    return items.filter((_, n) => ((number + 1) * (n + 7) * 2_654_435_761 >>> 16) % oneIn === 0);
  }
}
