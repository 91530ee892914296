/**
 * How keys of entries are written as keys of Redis. What stands in braces is the hash tag: Redis Cluster
 * keeps all keys with one tag on one server.
 *
 * @module
 */

import { checkKey } from "./names.ts";
import type { RedisPlace } from "./_redis_place.ts";

type Prefixed = Pick<RedisPlace, "prefix">;

/** What a key of Redis is, by its name. */
export type Named =
  & { /** The record of its entry. */ readonly record: string }
  & ({ readonly is: "record"; /** The key of the entry. */ readonly key: string } | {
    readonly is: "data" | "claim" | "aside" | "aside data" | "foreign";
  });

const SUFFIXES: readonly (readonly [RegExp, "data" | "claim" | "aside" | "aside data"])[] = [
  [/^:claim$/, "claim"],
  [/^:[0-9a-z]{8,40}$/, "data"],
  [/^:aside-[0-9a-z]{8,40}$/, "aside"],
  [/^:aside-[0-9a-z]{8,40}:data$/, "aside data"],
];

/** Where the record of an entry lies. */
export function recordKey({ prefix }: Prefixed, key: string): string {
  return `${prefix}{${key}}`;
}

/** Where the pieces of a generation lie. */
export function dataKey(record: string, generation: string): string {
  return `${record}:${generation}`;
}

/** Where an entry lies that was set aside. */
export function asideKey(record: string, id: string): string {
  return `${record}:aside-${id}`;
}

/** Tells what a key of Redis is, found by its beginning. */
export function named({ prefix }: Prefixed, name: string): Named {
  const end = name.indexOf("}", prefix.length);
  if (end < 0) return { is: "foreign", record: name };
  const record = name.slice(0, end + 1);
  const key = name.slice(prefix.length + 1, end);
  try {
    checkKey(key);
  } catch {
    return { is: "foreign", record: name };
  }
  const suffix = name.slice(end + 1);
  if (suffix === "") return { is: "record", record, key };
  return { is: SUFFIXES.find(([form]) => form.test(suffix))?.[1] ?? "foreign", record };
}
