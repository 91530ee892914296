import { buildCommand, type Command } from "@stricli/core";
import type { Lab } from "../lab.ts";
import type { Storage } from "../storages/storage.ts";
import { formatDuration } from "../progress/format_duration.ts";
import { currentTypes } from "./_current_versions.ts";
import { proposeTypes, shortener } from "./_keys.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import { importModules, modulesFlag } from "./_modules.ts";
import type { LabContext } from "./_process.ts";
import { count, formatBytes, formatTime, parseCount } from "./_quantities.ts";
import { shownSigner, type Signer, signerText } from "./_signer.ts";
import { problemText } from "./_problems.ts";
import { type Problems, storedEntries, type StoredEntry } from "../maintenance/stored_entries.ts";
import { outdatedBy, type TypeVersion } from "../maintenance/outdated_versions.ts";
import { outputWidth, table } from "./_table.ts";

const AT_ONCE = 32;
const ORDERS = ["cached", "type", "duration", "size", "key"] as const;
type Order = typeof ORDERS[number];

interface Flags extends OutputFlags {
  readonly modules?: readonly string[];
  readonly sort: Order;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** Whether the program that was imported would still make, and so use, an entry. */
type State = "current" | "stale" | "unknown type";

/** The versions that types have now, by their names. */

interface Row {
  readonly key: string;
  readonly type: string;
  readonly task: string;
  readonly params: object | undefined;
  readonly codeVersion: string | undefined;
  readonly cache: string;
  readonly cached: number;
  readonly duration: number;
  readonly bytes: number;
  readonly state: State | undefined;
  /** Left out where neither the entry is signed nor the Lab wants it to be. */
  readonly signature?: Signer | undefined;
}

/** `lab ls`: lists what the storage holds. */
export const lsCommand: Command<LabContext> = buildCommand<Flags, string[], LabContext>({
  func: ls,
  parameters: {
    flags: {
      sort: {
        kind: "enum",
        values: ORDERS,
        default: "cached",
        brief: "Order: newest, longest and largest first; types and keys by alphabet",
      },
      reverse: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "The other way round",
      },
      limit: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "n",
        brief: "Show so many at most",
      },
      modules: {
        ...modulesFlag,
        brief: "Modules to import first; tells which entries their task types would still use",
      },
      ...outputFlags,
    },
    aliases: { n: "limit", r: "reverse", m: "modules" },
    positional: {
      kind: "array",
      parameter: {
        parse: (input: string) => input,
        placeholder: "type",
        brief: "Task types to list; all if left out",
        proposeCompletions: proposeTypes,
      },
    },
  },
  docs: {
    brief: "List the results in the storage",
    customUsage: ["[flags] [<type>...]"],
    fullDescription:
      "Lists the results in the storage, newest first: key, task, when it was cached, how long it\n" +
      "took and what it takes. Reads metadata only: neither results nor task modules are needed.",
  },
});

async function ls(this: LabContext, flags: Flags, ...types: string[]): Promise<void> {
  await importModules(flags.modules ?? []);
  await using lab = await openLab(flags);
  const storage = storageOf(lab);
  const problems: Problems = { torn: 0, foreign: 0 };
  const rows: Row[] = [];
  const current = flags.modules && await currentTypes(lab);
  const whole = { params: flags.json === true, stateOf: current && stateBy(current) };
  for await (const entry of storedEntries(storage, { types, problems })) {
    rows.push(rowOf(entry, whole));
  }
  rows.sort(orders[flags.sort]);
  if (flags.reverse) rows.reverse();
  const shown = await withSigners(lab, storage, rows.slice(0, flags.limit));
  const { stdout, stderr } = this.process;
  if (flags.json) {
    const entries = shown.map((row) => ({ ...row, cached: isoTime(row.cached) }));
    stdout.write(`${JSON.stringify({ entries, total: rows.length, ...problems }, null, 2)}\n`);
    return;
  }
  if (rows.length > 0) stdout.write(await listing(shown, rows));
  stderr.write(`${totals(rows, shown.length, types)}\n`);
  const left = problemText(problems);
  if (left !== "") stderr.write(`${left}\n`);
}

function rowOf(
  entry: StoredEntry,
  whole: {
    readonly params: boolean;
    readonly stateOf: ((entry: StoredEntry) => State) | undefined;
  },
): Row {
  const { metadata, task, text, bytes, cached } = entry;
  return {
    key: metadata.key,
    type: task.taskName,
    task: text,
    params: whole.params ? task.paramsJson : undefined,
    codeVersion: task.codeVersion,
    cache: metadata.cache.name,
    cached: cached.getTime(),
    duration: metadata.duration,
    bytes,
    state: whole.stateOf?.(entry),
  };
}

/** Checks the signatures of what is shown. */
async function withSigners(lab: Lab, storage: Storage, rows: readonly Row[]): Promise<Row[]> {
  const signed: Row[] = [];
  for (let i = 0; i < rows.length; i += AT_ONCE) {
    signed.push(
      ...await Promise.all(
        rows.slice(i, i + AT_ONCE).map(async (row) => {
          const entry = await storage.open(row.key);
          return { ...row, signature: entry && await shownSigner(lab, entry) };
        }),
      ),
    );
  }
  return signed;
}

/** As {@linkcode outdatedBy} judges, so that what is stale here is what `lab gc --stale` removes. */
function stateBy(current: readonly TypeVersion[]): (entry: StoredEntry) => State {
  const outdated = outdatedBy(current);
  const known = new Set(current.map(({ taskName }) => taskName));
  return (entry) => {
    if (outdated(entry).length > 0) return "stale";
    const all = [entry.task, ...entry.nested];
    return all.every(({ taskName }) => known.has(taskName)) ? "current" : "unknown type";
  };
}

const byText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;
const byKey = (a: Row, b: Row) => byText(a.key, b.key);
const orders: Record<Order, (a: Row, b: Row) => number> = {
  cached: (a, b) => (b.cached || 0) - (a.cached || 0) || byKey(a, b),
  duration: (a, b) => b.duration - a.duration || byKey(a, b),
  size: (a, b) => b.bytes - a.bytes || byKey(a, b),
  type: (a, b) => byText(a.type, b.type) || b.cached - a.cached || byKey(a, b),
  key: byKey,
};

async function listing(shown: readonly Row[], all: readonly Row[]): Promise<string> {
  const width = outputWidth();
  const short = width === undefined ? (key: string) => key : shortener(all.map(({ key }) => key));
  const withState = shown.some(({ state }) => state !== undefined);
  const state = (text: string) => withState ? [text] : [];
  const withSigner = shown.some(({ signature }) => signature !== undefined);
  const signer = (text: string) => withSigner ? [text] : [];
  return await table(
    [
      { title: "KEY" },
      { title: "TASK", flexible: true, cut: "middle" },
      ...[...state("STATE"), ...signer("SIGNED BY")].map((title) => ({ title })),
      { title: "CACHED" },
      { title: "TOOK", align: "right" },
      { title: "SIZE", align: "right" },
    ],
    shown.map((row) => [
      short(row.key),
      row.task,
      ...state(row.state ?? ""),
      ...signer(signerText(row.signature ?? { state: "unsigned" })),
      formatTime(new Date(row.cached)),
      formatDuration(row.duration),
      formatBytes(row.bytes),
    ]),
    width,
  );
}

function totals(rows: readonly Row[], shown: number, types: readonly string[]): string {
  if (rows.length === 0) {
    return types.length === 0 ? "The storage is empty" : `No entries of ${types.join(", ")}`;
  }
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const took = rows.reduce((sum, row) => sum + row.duration, 0);
  const first = shown < rows.length ? `${shown} of ` : "";
  return `${first}${count(rows.length, "entry", "entries")}, ${formatBytes(bytes)}, ` +
    `${formatDuration(took)} of computing`;
}

function isoTime(ms: number): string | null {
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
