import type { PluginSpec } from "../plugin.ts";
import type { Task, TaskResult } from "../task.ts";
import type { Cache } from "./cache.ts";

/** Never stores, never finds. */
export class NullCache implements Cache {
  /** The registered name. */
  readonly name = "null";
  /** What keys would begin with. */
  readonly keyPrefix = "null__";
  /** How another thread makes the same cache. */
  readonly spec: PluginSpec = { type: "null" };
  /** There is nothing to trust. */
  readonly honoursSigning = true;

  /** Finds nothing. */
  isCached(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Finds nothing. */
  areCached(): Promise<Set<string>> {
    return Promise.resolve(new Set<string>());
  }

  /** Does nothing. */
  save(): Promise<void> {
    return Promise.resolve();
  }

  /** Finds nothing. */
  load(): Promise<TaskResult | undefined> {
    return Promise.resolve(undefined);
  }

  /** Finds nothing. */
  loadTask(): Promise<Task | undefined> {
    return Promise.resolve(undefined);
  }

  /** Has nothing to delete. */
  delete(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
