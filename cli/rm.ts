import { buildCommand, type Command } from "@stricli/core";
import { ConfigError } from "../errors.ts";
import { formatDuration } from "../progress/format_duration.ts";
import type { Storage } from "../storages/storage.ts";
import { keyArgument, proposeTypes, resolveKeys, shortener } from "./_keys.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import type { LabContext } from "./_process.ts";
import { count, formatBytes, formatTime, parseSpan } from "./_quantities.ts";
import { problemText } from "./_problems.ts";
import { ownRecord } from "../maintenance/own_record.ts";
import { type Problems, readEntry, storedEntries } from "../maintenance/stored_entries.ts";
import { outputWidth, table } from "./_table.ts";

interface Flags extends OutputFlags {
  readonly type?: string;
  readonly olderThan?: number;
  readonly yes?: boolean;
}

interface Doomed {
  readonly key: string;
  readonly task: string;
  readonly cached: string;
  readonly duration: number;
  readonly bytes: number;
}

const SHOWN = 20;
const RECORDS = {
  run: "(the record of a run)",
  code: "(what a code version was made of)",
} as const;

/** `lab rm`: removes entries, after a preview. */
export const rmCommand: Command<LabContext> = buildCommand<Flags, string[], LabContext>({
  func: rm,
  parameters: {
    flags: {
      type: {
        kind: "parsed",
        parse: (input: string) => input,
        optional: true,
        placeholder: "name",
        brief: "All entries of a task type",
        proposeCompletions: proposeTypes,
      },
      olderThan: {
        kind: "parsed",
        parse: parseSpan,
        optional: true,
        placeholder: "span",
        brief: "Of these (or of all) those cached longer ago: 30d, 12h, 2w",
      },
      yes: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Remove them; without it, only say what would be lost",
      },
      ...outputFlags,
    },
    aliases: { y: "yes" },
    positional: { kind: "array", parameter: keyArgument },
  },
  docs: {
    brief: "Remove results from the storage",
    fullDescription:
      "Says which entries would be removed, their size, and how long it took to compute them.\n" +
      "With --yes it removes them, which cannot be undone.",
    customUsage: [
      "[flags] <key>...",
      "[flags] --type name [--older-than span]",
      "[flags] --older-than span",
    ],
  },
});

async function rm(this: LabContext, flags: Flags, ...keys: string[]): Promise<void> {
  const broad = flags.type !== undefined || flags.olderThan !== undefined;
  if (broad === keys.length > 0) {
    throw new ConfigError([{
      path: "",
      message: broad
        ? "Expected either keys, or --type and --older-than, got both"
        : "Expected keys of entries to remove, or --type or --older-than",
    }]);
  }
  await using lab = await openLab(flags);
  const storage = storageOf(lab);
  const problems: Problems = { torn: 0, foreign: 0 };
  const doomed = broad
    ? await matching(storage, flags, problems)
    : await named(storage, await resolveKeys(storage, keys));
  const removed = flags.yes ? await remove(storage, doomed) : 0;
  const { stdout, stderr } = this.process;
  const bytes = sum(doomed, "bytes");
  const duration = sum(doomed, "duration");
  if (flags.json) {
    const entries = doomed.map(({ cached: _, ...entry }) => entry);
    const report = { entries, bytes, duration, removed, ...problems };
    stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  if (doomed.length > 0 && !flags.yes) stdout.write(await preview(doomed));
  const what = `${count(doomed.length, "entry", "entries")} (${formatBytes(bytes)}, ` +
    `${formatDuration(duration)} of computing)`;
  if (doomed.length === 0) stdout.write("Nothing to remove\n");
  else if (flags.yes) stdout.write(`Removed ${what}\n`);
  else stdout.write(`Would remove ${what}; add --yes to do it\n`);
  const left = problemText(problems);
  if (left !== "") stderr.write(`${left}\n`);
}

async function matching(
  storage: Storage,
  { type, olderThan = 0 }: Flags,
  problems: Problems,
): Promise<Doomed[]> {
  const before = Date.now() - olderThan;
  const found: Doomed[] = [];
  for await (const entry of storedEntries(storage, { types: type ? [type] : [], problems })) {
    const { metadata: { key, duration }, text, bytes, cached } = entry;
    // An entry that does not say when it was cached counts as new.
    if (!(cached.getTime() <= before)) continue;
    found.push({ key, task: text, cached: formatTime(cached), duration, bytes });
  }
  return found.sort((a, b) => a.key < b.key ? -1 : 1);
}

async function named(storage: Storage, keys: readonly string[]): Promise<Doomed[]> {
  return await Promise.all(keys.map(async (key) => {
    const entry = await readEntry(storage, key);
    if (typeof entry !== "string") {
      const { metadata: { duration }, text, bytes, cached } = entry;
      return { key, task: text, cached: formatTime(cached), duration, bytes };
    }
    const record = ownRecord(key);
    const task = record
      ? RECORDS[record]
      : (entry === "torn" ? "(damaged)" : "(made by something else)");
    return { key, task, cached: "?", duration: 0, bytes: 0 };
  }));
}

async function remove(storage: Storage, doomed: readonly Doomed[]): Promise<number> {
  let removed = 0;
  for (const { key } of doomed) if (await storage.delete(key)) removed++;
  return removed;
}

async function preview(doomed: readonly Doomed[]): Promise<string> {
  const width = outputWidth();
  const short = width === undefined
    ? (key: string) => key
    : shortener(doomed.map(({ key }) => key));
  const text = await table(
    [
      { title: "KEY" },
      { title: "TASK", flexible: true },
      { title: "CACHED" },
      { title: "TOOK", align: "right" },
      { title: "SIZE", align: "right" },
    ],
    doomed.slice(0, SHOWN).map(({ key, task, cached, duration, bytes }) => [
      short(key),
      task,
      cached,
      formatDuration(duration),
      formatBytes(bytes),
    ]),
    width,
  );
  const more = doomed.length > SHOWN ? `and ${doomed.length - SHOWN} more\n` : "";
  return `${text}${more}\n`;
}

function sum(entries: readonly Doomed[], of: "bytes" | "duration"): number {
  return entries.reduce((total, entry) => total + entry[of], 0);
}
