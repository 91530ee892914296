/** The key of the one entry. */
export const KEY = "key";
/** The version that is there at first, unless nothing is. */
export const OLD = 1;
/** The version that is saved. */
export const NEW = 2;

/** The same in a database: with files that are too large for a row. */
export const OLD_IN_DATABASE = 4, NEW_IN_DATABASE = 3;

/** Gives the path of the database in a directory. */
export function databaseIn(dir: string): string {
  return `${dir}/results.db`;
}

/** What time it is to the traced process, so that it can be told what its files are called. */
export const NOW = "2026-01-02T03:04:05.678Z";

/** What the traced process is to do. */
export interface TracedOrder {
  /** `prepare` saves the old version; `save late` takes longer than others may need to save the same. */
  readonly what: "prepare" | "save" | "save late" | "replace" | "delete" | "set aside" | "clear up";
  /** The type of the storage. @default {"local"} */
  readonly storage?: "local" | "sqlite";
  /** Where. */
  readonly dir: string;
  /** Of the storage. */
  readonly durability: "always" | "never";
  /** What all random digits are. */
  readonly writer: number;
}
