/** The key of the one entry. */
export const KEY = "key";
/** The version that is there at first, unless nothing is. */
export const OLD = 1;
/** The version that is saved. */
export const NEW = 2;

/** What time it is to the traced process, so that it can be told what its files are called. */
export const NOW = "2026-01-02T03:04:05.678Z";

/** What the traced process is to do. */
export interface TracedOrder {
  /** `prepare` saves the old version; `save late` takes longer than others may need to save the same. */
  readonly what: "prepare" | "save" | "save late" | "replace" | "delete" | "set aside" | "clear up";
  /** Where. */
  readonly dir: string;
  /** Of the storage. */
  readonly durability: "always" | "never";
  /** What all random digits are. */
  readonly writer: number;
}
