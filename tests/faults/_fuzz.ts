/**
 * Mutants of what is stored, with their digests made to fit, given to all that reads it. A mutant
 * follows from its decoder and number alone, so that it can be made again.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { Random } from "../caches/cbor/_generator.ts";

/** Something that reads what others may have written. */
export interface Decoder {
  /** What it is called. */
  readonly name: string;
  /**
   * Makes a mutant, and reads it. Gives whether it was taken for a good one.
   *
   * @throws {Error} When the reader does anything that it promises not to.
   */
  attempt(random: Random): Promise<boolean> | boolean;
  /** Lets go of what it holds. */
  dispose?(): Promise<void> | void;
}

/** What came of mutants. */
export interface FuzzCount {
  /** How many there were. */
  mutants: number;
  /** How many of them were taken for good ones. */
  accepted: number;
  /** The longest time that the processor worked for one, in ms. */
  longest: number;
  /** What was wrong, each with the number of the mutant. */
  readonly problems: string[];
}

/** No mutant may take longer, in ms. */
const LONGEST = 1000;

/** Tries so many mutants of one decoder, from a number on. */
export async function fuzz(
  decoder: Decoder,
  { first, count, each }: {
    readonly first: number;
    readonly count: number;
    /** Is called after each mutant. */
    readonly each?: () => void;
  },
): Promise<FuzzCount> {
  const found: FuzzCount = { mutants: 0, accepted: 0, longest: 0, problems: [] };
  const before = globals();
  for (let number = first; number < first + count; number++) {
    const start = cpuUsage();
    try {
      if (await decoder.attempt(new Random(number))) found.accepted++;
      if (globals() !== before) throw new Error("It has changed what all programs share");
    } catch (error) {
      const { stack } = error as Error;
      found.problems.push(`${decoder.name}, mutant ${number}: ${error}\n${stack}`);
    }
    const { user, system } = cpuUsage(start);
    const took = (user + system) / 1000;
    found.longest = Math.max(found.longest, took);
    if (took > LONGEST) found.problems.push(`${decoder.name}, mutant ${number}: ${took} ms`);
    found.mutants++;
    each?.();
  }
  return found;
}

const SHARED = [
  ...[Object, Array, String, Number, Function, Map, Set, Date, Error, Promise, Uint8Array]
    .map(({ prototype }) => prototype),
  Object,
  globalThis,
];

/** What a polluted prototype, or code that ran, would change. */
function globals(): string {
  return SHARED.map((each) => Reflect.ownKeys(each).length).join();
}
