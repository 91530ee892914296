/**
 * A cache of one's own, as a plugin: importing this module registers the cache `csv`. A result is two
 * files, `table.csv` for people and spreadsheets, and `schema.json`, which says what CSV does not.
 *
 * @module
 */

import { BaseCache, type ResultDraft } from "@labtech/lab/caches";
import { caches } from "@labtech/lab/registry";
import type { Call, Entry, PluginSpec, Task } from "@labtech/lab";
import * as v from "valibot";
import { type Table, tableFromCsv, type TableSchema, tableToCsv } from "./table.ts";

const Options = v.strictObject({
  delimiter: v.optional(
    v.pipe(
      v.picklist([",", ";", "\t"], 'Expected the delimiter to be ",", ";" or a tab'),
      v.description("What stands between cells; spreadsheets in much of Europe expect ;"),
    ),
    ",",
  ),
});

/** Options of {@linkcode CsvCache}. */
export type CsvCacheOptions = v.InferInput<typeof Options>;

/** Stores tables (arrays of flat records) as CSV. */
export class CsvCache extends BaseCache {
  /** The registered name. */
  readonly name = "csv";
  /** What keys begin with. */
  override readonly keyPrefix = "csv__";
  readonly #delimiter: string;

  /** Makes the cache. */
  constructor({ delimiter = "," }: CsvCacheOptions = {}) {
    super();
    this.#delimiter = delimiter;
  }

  /** How a worker makes the same cache. */
  override get spec(): PluginSpec {
    return { type: this.name, delimiter: this.#delimiter };
  }

  /** Writes `table.csv` and `schema.json`. */
  async saveResult(draft: ResultDraft, _task: Task, result: unknown, call: Call): Promise<void> {
    const { csv, schema } = tableToCsv(result, { delimiter: this.#delimiter });
    const encoder = new TextEncoder();
    await draft.write("table.csv", encoder.encode(csv), call);
    const text = `${JSON.stringify(schema, null, 2)}\n`;
    await draft.write("schema.json", encoder.encode(text), call);
  }

  /** Reads them back. What does not fit together throws, and so counts as not cached. */
  async loadResult(entry: Entry, _task: Task, call: Call): Promise<Table> {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const csv = decoder.decode(await entry.read("table.csv", call));
    const schema: TableSchema = JSON.parse(decoder.decode(await entry.read("schema.json", call)));
    return tableFromCsv({ csv, schema });
  }
}

caches.register({
  name: "csv",
  summary: "Tables as CSV, for people and spreadsheets; refuses what CSV would change",
  options: Options,
  create: (options) => new CsvCache(options),
  module: import.meta.url,
});
