import "../builtins.ts";
import type { PluginSpec } from "../plugin.ts";
import { storages } from "../registry.ts";
import type { Storage } from "../storages/storage.ts";

/** How a process opens the storage that is put to the test. */
export interface Place {
  /** The storage by name and options. */
  readonly spec: PluginSpec;
  /** The URLs of modules that register it. */
  readonly modules: readonly string[];
}

/** What a child process is to do. */
export type Order =
  & Place
  & ({
    /** Saves and deletes entries, for ever, and tells before and after. */
    readonly task: "save";
    /** The keys of the entries. */
    readonly keys: readonly string[];
    /** The number of the first version. */
    readonly first: number;
  } | {
    /** Runs tasks in a Lab. */
    readonly task: "lab";
    /** Which tasks. */
    readonly life: number;
    /** The runner of the Lab. */
    readonly runner: string;
  } | {
    /** Saves one key a round, whenever a line comes in. */
    readonly task: "race";
    /** The key of the entry. */
    readonly key: string;
    /** The version of the first round, and how much is added each round. */
    readonly first: number;
    readonly step: number;
  } | {
    /** Writes half of an entry, and the rest when a line comes in. */
    readonly task: "hold";
    /** The key of the entry. */
    readonly key: string;
  } | {
    /** Reads one key, again and again, until its input ends. */
    readonly task: "read";
    /** The key of the entry. */
    readonly key: string;
  });

/** Opens the storage of a place, in whatever process. */
export async function openPlace({ spec, modules }: Place): Promise<Storage> {
  for (const module of modules) await import(module);
  return storages.create(spec);
}
