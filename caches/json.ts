import { describe, isPlainObject, showPath } from "../describe.ts";
import { SerializationError } from "../errors.ts";
import { checkJsonBounds } from "../json_bounds.ts";
import type { PluginSpec } from "../plugin.ts";
import type { Call, Entry } from "../storages/storage.ts";
import type { Task } from "../task.ts";
import { checkSize } from "./_limits.ts";
import { BaseCache, type ResultDraft } from "./cache.ts";

/** Options of {@linkcode JsonCache}. */
export interface JsonCacheOptions {
  /** How many spaces to indent by; 0 writes one line. @default {2} */
  readonly indent?: number | undefined;
}

const FILE = "result.json";
const MAX_DEPTH = 1000;
/** What a file may hold at most, whoever wrote it: as much as one of the structured format. */
const MAX_BYTES = 2 ** 30;
const BOUNDS = { maxDepth: MAX_DEPTH + 1, maxItems: 10_000_000 };

/** JSON that a person can read. Refuses, by path, what JSON would change: `NaN`, `Date`, `undefined`… */
export class JsonCache extends BaseCache {
  /** The registered name. */
  readonly name = "json";
  /** What keys begin with. */
  override readonly keyPrefix = "json__";
  readonly #indent: number;

  /** Makes the cache. */
  constructor(options: JsonCacheOptions = {}) {
    super();
    this.#indent = options.indent ?? 2;
  }

  /** How another thread makes the same cache. */
  override get spec(): PluginSpec {
    return { type: this.name, indent: this.#indent };
  }

  /** Writes the result as `result.json`. */
  async saveResult(draft: ResultDraft, _task: Task, result: unknown, call: Call): Promise<void> {
    refuseWhatChanges(result, [], new Set());
    const text = JSON.stringify(result, null, this.#indent);
    const bytes = new TextEncoder().encode(`${text}\n`);
    checkSize(FILE, bytes.length, MAX_BYTES);
    checkJsonBounds(bytes, BOUNDS);
    await draft.write(FILE, bytes, call);
  }

  /** Reads `result.json`. */
  async loadResult(entry: Entry, _task: Task, call: Call): Promise<unknown> {
    checkSize(FILE, entry.files.get(FILE), MAX_BYTES);
    const bytes = await entry.read(FILE, call);
    checkJsonBounds(bytes, BOUNDS);
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  }
}

function refuseWhatChanges(value: unknown, path: PropertyKey[], above: Set<object>): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number") {
    if (Number.isFinite(value) && !Object.is(value, -0)) return;
    throw refusal(path, Object.is(value, -0) ? "-0" : String(value));
  }
  if (!Array.isArray(value) && !isPlainObject(value)) throw refusal(path, describe(value));
  if (above.has(value)) throw refusal(path, "a reference back to what holds it");
  if (path.length > MAX_DEPTH) throw refusal(path, `nested deeper than ${MAX_DEPTH} levels`);
  const keys = Object.keys(value);
  const others = Array.isArray(value) ? 1 : 0; // "length"
  if (Reflect.ownKeys(value).length !== keys.length + others) {
    throw refusal(path, `${describe(value)} with symbol keys or hidden properties`);
  }
  if (Array.isArray(value) && keys.length !== value.length) {
    throw refusal(path, "an array with holes or extra properties");
  }
  above.add(value);
  for (const key of keys) {
    path.push(Array.isArray(value) ? Number(key) : key);
    refuseWhatChanges(value[key as keyof typeof value], path, above);
    path.pop();
  }
  above.delete(value);
}

function refusal(path: readonly PropertyKey[], what: string): SerializationError {
  return new SerializationError(
    `${showPath("result", path)} is ${what}, which JSON cannot hold as it is; use the cache ` +
      `"structured", or return something else`,
  );
}
