import { ConfigError } from "../errors.ts";
import { CODE_PREFIX } from "../code_version/code_key.ts";
import { ownRecord } from "../maintenance/own_record.ts";
import { RUN_PREFIX } from "../runs/run_key.ts";
import type { Storage } from "../storages/storage.ts";
import { nearest } from "../suggest.ts";
import type { LabContext } from "./_process.ts";
import { openLab } from "./_lab_flags.ts";

const SHOWN = 5;

/** How a key is parsed and documented. */
export const keyArgument = {
  parse: (input: string): string => input,
  placeholder: "key",
  brief: "Key of an entry, or the beginning of a part of it (such as its digest) that is unique",
  proposeCompletions: proposeKeys,
} as const;

/**
 * Finds the keys that are meant by their beginnings.
 *
 * @throws {ConfigError} Lists all that are unknown or ambiguous.
 */
export async function resolveKeys(storage: Storage, given: readonly string[]): Promise<string[]> {
  const keys = await Array.fromAsync(storage.findKeys());
  const known = new Set(keys);
  const mistakes: string[] = [];
  const found = given.flatMap((text) => {
    if (known.has(text)) return [text];
    const matches = keys.filter((key) => isMeant(key, text));
    if (matches.length !== 1) mistakes.push(complaint(text, matches, keys));
    return matches;
  });
  if (mistakes.length === 0) return [...new Set(found)];
  throw new ConfigError(mistakes.map((message) => ({ path: "", message })));
}

// A key is made of parts: the cache's word, the type's name, the digest. Records of runs and code are meant only
// by who begins as their keys do.
function isMeant(key: string, text: string): boolean {
  if (ownRecord(key)) return isOfRecords(text) && key.startsWith(text);
  return text !== "" && (key.startsWith(text) || key.includes(`__${text}`));
}

function isOfRecords(text: string): boolean {
  return text.startsWith(RUN_PREFIX) || text.startsWith(CODE_PREFIX);
}

function complaint(text: string, matches: readonly string[], keys: readonly string[]): string {
  const quoted = JSON.stringify(text);
  if (matches.length > 1) {
    const shown = matches.toSorted().slice(0, SHOWN).map((key) => `\n  ${key}`).join("");
    const more = matches.length > SHOWN ? `\n  and ${matches.length - SHOWN} more` : "";
    return `${quoted} is the beginning of ${matches.length} keys; write more of it:${shown}${more}`;
  }
  const near = text.length > 8 ? nearest(text, keys) : undefined;
  return near === undefined
    ? `There is no entry ${quoted}; lab ls lists those that there are`
    : `There is no entry ${quoted}; did you mean ${near}?`;
}

const DIGITS = 40;
const LEAST_DIGITS = 6;

/** Leaves of keys the first digits of their digests, as many as tell them apart; those of records whole. */
export function shortener(keys: readonly string[]): (key: string) => string {
  const cut = (key: string, digits: number) =>
    ownRecord(key) ? key : key.slice(-DIGITS).slice(0, digits);
  let digits = LEAST_DIGITS;
  while (digits < DIGITS && new Set(keys.map((key) => cut(key, digits))).size < keys.length) {
    digits++;
  }
  return (key) => cut(key, digits);
}

/** The keys that a storage has, for completion. */
async function proposeKeys(this: LabContext, partial: string): Promise<string[]> {
  await using lab = await openLab(this.completing ?? {});
  if (lab.storage === null) return [];
  const keys = await Array.fromAsync(lab.storage.findKeys({ prefix: partial }));
  return keys.filter((key) => !ownRecord(key) || isOfRecords(partial));
}

/** The types that a storage has results of, for completion. */
export async function proposeTypes(this: LabContext, partial: string): Promise<string[]> {
  await using lab = await openLab(this.completing ?? {});
  const types = new Set<string>();
  for await (const key of lab.storage?.findKeys() ?? []) {
    if (!ownRecord(key)) types.add(typeOf(key));
  }
  return [...types].filter((type) => type.startsWith(partial)).sort();
}

// The cache may put a word of its own before; types with "__" in their names are cut too short.
function typeOf(key: string): string {
  return key.split("__").at(-2) ?? key;
}
