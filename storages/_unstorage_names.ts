/**
 * The names of items. Each begins with what it is, then the place of its key, so that neither drivers
 * that take two cases of a letter for one, nor those that split names at a `/`, confuse two of them:
 *
 * - `entry:PLACE`: the record of an entry;
 * - `entry:PLACE:TIME-GENERATION`: an empty item that says which record is the one, where a driver
 *   writes in place; the record is `data:PLACE:GENERATION-record` then;
 * - `data:PLACE:GENERATION-FILE-PIECE-BYTES`: a piece of a large file, both counted from 0, and its size;
 * - `aside:PLACE:GENERATION`: a record that was taken out of the way.
 *
 * @module
 */

import { keyOf, placeOf } from "./_place.ts";

/** Nine digits of base 36 hold the milliseconds until the year 5188, and sort as they count. */
const TIME = "[0-9a-z]{9}";
const TIME_LENGTH = 9;
const GENERATION = `${TIME}-[0-9a-z]{12}`;
const GENERATION_ONLY = new RegExp(`^${GENERATION}$`);
const DATA = new RegExp(`^([^:]+):(${GENERATION})-(?:record|[0-9]+-[0-9]+-([0-9]+))$`);
const ASIDE = new RegExp(`^([^:]+):(${GENERATION})$`);
const MARK = new RegExp(`^(${TIME})-(${GENERATION})$`);

/** Gives a name for an entry that none had before, with the time of its beginning in front. */
export function newGeneration(): string {
  const random = crypto.getRandomValues(new Uint32Array(12));
  const digits = Array.from(random, (digit) => (digit % 36).toString(36)).join("");
  return `${timeText(Date.now())}-${digits}`;
}

/** Whether a text is the name of a generation. */
export function isGeneration(text: unknown): text is string {
  return typeof text === "string" && GENERATION_ONLY.test(text);
}

/** When a generation was begun, by the clock of who wrote it; ms since 1970. */
export function timeOf(generation: string): number {
  return Number.parseInt(generation.slice(0, TIME_LENGTH), 36);
}

/** The item of a record, or the folder of the marks that name one. */
export function entryItem(key: string): string {
  return `entry:${placeOf(key)}`;
}

/** The item of a piece of a file: the numbers of both, and the size in bytes. */
export function pieceItem(
  key: string,
  generation: string,
  [file, piece, bytes]: readonly [number, number, number],
): string {
  return `data:${placeOf(key)}:${generation}-${file}-${piece}-${bytes}`;
}

/** The item of a record that a mark names. */
export function recordItem(key: string, generation: string): string {
  return `data:${placeOf(key)}:${generation}-record`;
}

/** The item of a record that was taken out of the way. */
export function asideItem(key: string, generation: string): string {
  return `aside:${placeOf(key)}:${generation}`;
}

/** What says which record of a key is the one: of several the latest. */
export interface Mark {
  /** When it was made, in ms since 1970; later than all that its maker saw. */
  readonly time: number;
  /** The generation of the record. */
  readonly generation: string;
  /** The item. */
  readonly item: string;
}

/** The mark for a generation. */
export function markOf(key: string, time: number, generation: string): Mark {
  return { time, generation, item: `${entryItem(key)}:${timeText(time)}-${generation}` };
}

/** Reads what follows the key in the item of a mark; `undefined` for what is none. */
export function readMark(key: string, rest: string): Mark | undefined {
  const [, time, generation] = MARK.exec(rest) ?? [];
  return generation ? markOf(key, Number.parseInt(time!, 36), generation) : undefined;
}

/** Puts the latest mark at the end. */
export function byTime(a: Mark, b: Mark): number {
  return a.time - b.time || (a.generation < b.generation ? -1 : 1);
}

/** What an item of the kind `data` or `aside` belongs to. */
export interface Owned {
  /** The key. */
  readonly key: string;
  /** The generation. */
  readonly generation: string;
  /** The size, where the name tells it. */
  readonly bytes: number;
}

/** Reads the rest of an item's name after its kind; `undefined` for what none of ours is called. */
export function readOwned(kind: "data" | "aside", rest: string): Owned | undefined {
  const [, place, generation, size = "0"] = (kind === "data" ? DATA : ASIDE).exec(rest) ?? [];
  const key = place === undefined ? undefined : keyOf(place);
  return key === undefined ? undefined : { key, generation: generation!, bytes: Number(size) };
}

function timeText(time: number): string {
  return time.toString(36).padStart(TIME_LENGTH, "0");
}
