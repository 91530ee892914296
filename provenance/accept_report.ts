import type { AcceptedChange } from "../caches/metadata.ts";
import type { Call } from "../storages/storage.ts";

/** How {@linkcode Lab.accept} works. */
export interface AcceptOptions extends Call {
  /** Why the edit does no harm. It is kept in each entry, and `lab show` prints it. */
  readonly why: string;
  /**
   * The code version whose results are taken over; `null` for results without one.
   *
   * @default {of each type or task, the one that was in use last}
   */
  readonly from?: string | null;
  /** Only tells what would be done. @default {false} */
  readonly preview?: boolean;
  /** Is told now and then how far it has come. */
  readonly onProgress?: (progress: AcceptProgress) => void;
}

/** How far {@linkcode Lab.accept} has come. */
export interface AcceptProgress {
  /** How many entries were dealt with. */
  readonly done: number;
  /** How many there are. */
  readonly of: number;
}

/** A result that is taken over, or would be. */
export interface AcceptedEntry {
  /** The key under which it lies; that entry stays. */
  readonly from: string;
  /** The key under which it is to be found from then on. */
  readonly to: string;
  /** Its task in words, safe to print. */
  readonly task: string;
  /** The code versions that it is taken over to: its own, or those of nested tasks. */
  readonly changes: readonly VersionChange[];
  /** The size of its files, in bytes. */
  readonly bytes: number;
  /** How long it took to compute, in ms. */
  readonly duration: number;
  /** When it was computed. */
  readonly cached: Date;
}

/** A code version in place of another one. */
export type VersionChange = Pick<AcceptedChange, "type" | "from" | "to">;

/** An earlier code version that a storage has results of. */
export interface EarlierVersion {
  /** The name of the task type. */
  readonly type: string;
  /** The version; `null` for none. */
  readonly version: string | null;
  /** How many results were computed with it, those that depend on such tasks included. */
  readonly entries: number;
  /** When the latest of them was computed, or taken over to it. */
  readonly latest: Date;
}

/** Why earlier results were not taken over: how many, each. */
export interface AcceptLeft {
  /** Of other earlier versions than the one to be taken over, where that has no result of the task. */
  readonly otherVersion: number;
  /** Depend on code that has changed and was not named. */
  readonly otherCode: number;
  /** Of a type, or with nested tasks of types, that the program does not define. */
  readonly unknownType: number;
  /** Torn, foreign, or of another cache than the type has now. */
  readonly unusable: number;
  /** Not signed by a key that the Lab trusts; or signed, and the Lab has no key to sign them anew by. */
  readonly untrusted: number;
  /** Computed by somebody else, removed or replaced at the same time. */
  readonly meanwhile: number;
}

/** What was taken over, or would be. */
export interface AcceptReport {
  /** The results that are taken over. */
  readonly entries: readonly AcceptedEntry[];
  /** How many of them were; 0 in a preview. */
  readonly accepted: number;
  /** Their size together, in bytes: so much room they take once more, until the earlier ones are removed. */
  readonly bytes: number;
  /** How long they took to compute, in ms. */
  readonly duration: number;
  /** How many earlier results were left, as there is one for the code of now. */
  readonly present: number;
  /** How many were left for other reasons. */
  readonly left: AcceptLeft;
  /** The earlier versions of what was named, the latest first. */
  readonly versions: readonly EarlierVersion[];
}
