import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";

/** A table: one flat record a row, all with the same columns in the same order. */
export type Table = readonly Readonly<Record<string, string | number>>[];

/** What CSV does not say: the columns' types. */
export interface TableSchema {
  /** What stands between cells. */
  readonly delimiter: string;
  /** The columns in order. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: "number" | "string";
  }[];
}

/** A table as the text of two files. */
export interface TableFiles {
  /** CSV as of RFC 4180: CRLF, a line of names first; strings in quotes, numbers bare. */
  readonly csv: string;
  /** The columns' types. */
  readonly schema: TableSchema;
}

/**
 * Writes a table as CSV. Numbers come back exactly as they were, `-0`, `NaN` and infinities too.
 *
 * @throws {TypeError} When the value is no table, or holds what CSV would change. The message names
 *   the place: `result[3].accuracy: …`.
 */
export function tableToCsv(
  value: unknown,
  { delimiter = "," }: { delimiter?: string } = {},
): TableFiles {
  const records = checkRecords(value);
  const names = Object.keys(records[0] ?? {});
  const columns = names.map((name) => ({
    name,
    type: columnType(records, name),
  }));
  const rows = records.map((record) => names.map((name) => record[name]));
  const csv = stringify(columns.length === 0 ? [] : [names, ...rows], {
    delimiter,
    quoted_string: true,
    record_delimiter: "windows",
    cast: { number: (number) => Object.is(number, -0) ? "-0" : String(number) },
  });
  return { csv, schema: { delimiter, columns } };
}

/**
 * Reads a table that {@link tableToCsv} wrote.
 *
 * @throws {TypeError} When the CSV and the schema do not fit each other.
 */
export function tableFromCsv({ csv, schema }: TableFiles): Table {
  const [names = [], ...rows]: string[][] = parse(csv, {
    delimiter: schema.delimiter,
    record_delimiter: "\r\n",
  });
  if (JSON.stringify(names) !== JSON.stringify(schema.columns.map((column) => column.name))) {
    throw new TypeError(`The CSV's columns (${names.join(", ")}) are not those of its schema`);
  }
  return rows.map((row, i) =>
    Object.fromEntries(schema.columns.map(({ name, type }, column) => {
      const cell = row[column]!;
      return [
        name,
        type === "string" ? cell : toNumber(cell, `result${step(i)}${step(name)}`),
      ];
    }))
  );
}

function checkRecords(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`result: expected a table (an array of flat records), got ${kind(value)}`);
  }
  if (Reflect.ownKeys(value).length !== value.length + 1) {
    throw new TypeError("result: an array with holes or extra properties, which CSV cannot hold");
  }
  const names = Object.keys(value[0] ?? {});
  return Array.from(value as unknown[], (record, i) => {
    if (
      typeof record !== "object" || record === null ||
      Object.getPrototypeOf(record) !== Object.prototype
    ) {
      throw new TypeError(`result${step(i)}: expected a plain record, got ${kind(record)}`);
    }
    const own = Object.keys(record);
    if (Reflect.ownKeys(record).length !== own.length) {
      throw new TypeError(
        `result${step(i)}: hidden properties or symbol keys, which CSV cannot hold`,
      );
    }
    if (
      own.length === 0 || own.length !== names.length ||
      own.some((name, j) => name !== names[j])
    ) {
      throw new TypeError(
        `result${step(i)}: expected the columns of the first row (${names.join(", ")}) and at ` +
          `least one, got (${own.join(", ")})`,
      );
    }
    return record as Record<string, unknown>;
  });
}

function columnType(records: Record<string, unknown>[], name: string): "number" | "string" {
  checkText(name, `the name of column ${JSON.stringify(name)}`);
  const type = typeof records[0]![name] === "number" ? "number" : "string";
  for (const [i, record] of records.entries()) {
    const cell = record[name];
    const path = `result${step(i)}${step(name)}`;
    if (typeof cell === "string") checkText(cell, path);
    else if (typeof cell !== "number") {
      throw new TypeError(`${path}: a table holds numbers and strings, got ${kind(cell)}`);
    }
    const own = typeof cell === "number" ? "number" : "string";
    if (own !== type) {
      throw new TypeError(`${path}: expected a ${type} as in the first row, got a ${own}`);
    }
  }
  return type;
}

function checkText(text: string, path: string): void {
  if (!text.isWellFormed()) {
    throw new TypeError(`${path}: half a surrogate pair, which a text file cannot hold`);
  }
}

function toNumber(text: string, path: string): number {
  const number = Number(text);
  if (text.trim() === "" || (Number.isNaN(number) && text !== "NaN")) {
    throw new TypeError(`${path}: expected a number, got ${JSON.stringify(text)}`);
  }
  return number;
}

function step(key: number | string): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = value.constructor?.name;
  return Array.isArray(value) ? "an array" : name ? `a ${name}` : "an object without prototype";
}
