import type { Refusal } from "./signing/entry_signing.ts";

const WORDS: Readonly<Record<Refusal, string>> = {
  unsigned: "not signed",
  "unknown key": "signed by an unknown key",
  altered: "altered",
};

/** Entries that are not trusted, by the reason: `2 not signed, 1 altered`. */
export function refusalCounts(untrusted: ReadonlyMap<string, Refusal>): string {
  const counts = new Map<Refusal, number>();
  for (const why of untrusted.values()) counts.set(why, (counts.get(why) ?? 0) + 1);
  const known = Object.keys(WORDS) as Refusal[];
  return known.filter((why) => counts.has(why))
    .map((why) => `${counts.get(why)} ${WORDS[why]}`).join(", ");
}

/** The same as a sentence. */
export function refusalText(untrusted: ReadonlyMap<string, Refusal>): string {
  const are = untrusted.size === 1
    ? "entry of the storage is not trusted and counts"
    : "entries of the storage are not trusted and count";
  return `${untrusted.size} ${are} as not there: ${refusalCounts(untrusted)}`;
}
