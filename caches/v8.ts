import type { PluginSpec } from "../plugin.ts";
import type { Call, Entry } from "../storages/storage.ts";
import type { Task } from "../task.ts";
import { BaseCache, type ResultDraft } from "./cache.ts";

const FILE = "result.v8";

/**
 * V8's own structured clone, for data that you trust: V8 does not harden its reader against hostile bytes,
 * its format is tied to V8, and instances of classes come back as plain objects.
 */
export class V8Cache extends BaseCache {
  /** The registered name. */
  readonly name = "v8";
  /** What keys begin with. */
  override readonly keyPrefix = "v8__";

  /** How another thread makes the same cache. */
  override get spec(): PluginSpec {
    return { type: this.name };
  }

  /** Writes the result as `result.v8`. */
  async saveResult(draft: ResultDraft, _task: Task, result: unknown, call: Call): Promise<void> {
    const { serialize } = await import("node:v8");
    await draft.write(FILE, serialize(result), call);
  }

  /** Reads `result.v8`. */
  async loadResult(entry: Entry, _task: Task, call: Call): Promise<unknown> {
    const { deserialize } = await import("node:v8");
    return deserialize(await entry.read(FILE, call));
  }
}
