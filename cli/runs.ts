import { buildCommand, type Command } from "@stricli/core";
import { CacheError } from "../errors.ts";
import { formatDuration } from "../progress/format_duration.ts";
import { formatSummary } from "../progress/format_summary.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { RunRecord, StoredRun } from "../runs/find_runs.ts";
import type { RecordedTask } from "../runs/run_record.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import type { LabContext } from "./_process.ts";
import { count, formatAge, formatBytes, formatTime, parseCount } from "./_quantities.ts";
import { runArgument, runNamed } from "./_run_names.ts";
import { outputWidth, table } from "./_table.ts";

interface Flags extends OutputFlags {
  readonly limit: number;
}

const AT_ONCE = 16;

/** `lab runs`: lists the runs that left records, or tells of one. */
export const runsCommand: Command<LabContext> = buildCommand<Flags, [string?], LabContext>({
  func: runs,
  parameters: {
    flags: {
      limit: {
        kind: "parsed",
        parse: parseCount,
        default: "20",
        placeholder: "n",
        brief: "Show so many runs at most, or tasks of a run",
      },
      ...outputFlags,
    },
    aliases: { n: "limit" },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  docs: {
    brief: "List the runs that left records in the storage, or tell of one",
    customUsage: ["[flags]", "[flags] <run>"],
    fullDescription:
      "Lists runs, newest first: when each began, how long it took, what became of its tasks, how it\n" +
      "ended. With a run, tells which of its tasks failed, were skipped, and took longest. Runs in\n" +
      "which nothing ran or failed, since all was in the cache, leave no records.",
  },
});

async function runs(this: LabContext, flags: Flags, given?: string): Promise<void> {
  await using lab = await openLab(flags);
  storageOf(lab);
  const found = await lab.runs();
  if (given === undefined) await list(this, found, flags);
  else await show(this, runNamed(found, given), flags);
}

async function list(
  { process: { stdout, stderr } }: LabContext,
  found: readonly StoredRun[],
  { json, limit }: Flags,
): Promise<void> {
  const records: RunRecord[] = [];
  const wanted = found.slice(0, limit);
  for (let i = 0; i < wanted.length; i += AT_ONCE) {
    const loaded = await Promise.all(wanted.slice(i, i + AT_ONCE).map((run) => run.load()));
    records.push(...loaded.filter((record) => record !== undefined));
  }
  const unreadable = wanted.length - records.length;
  if (json) {
    const heads = records.map((record) => headJson(record));
    const whole = { runs: heads, total: found.length, unreadable };
    return stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
  }
  if (records.length > 0) stdout.write(await listing(records));
  const first = wanted.length < found.length ? `${wanted.length} of ` : "";
  stderr.write(
    found.length === 0
      ? "There are no records of runs\n"
      : `${first}${count(found.length, "run", "runs")}\n`,
  );
  if (unreadable > 0) {
    const are = count(unreadable, "record is", "records are");
    stderr.write(`Left out: ${are} damaged or not trusted; lab verify tells more\n`);
  }
}

async function listing(records: readonly RunRecord[]): Promise<string> {
  const numbers = ["TOOK", "RAN", "CACHED", "FAILED", "SKIPPED"];
  return await table(
    [
      { title: "RUN" },
      { title: "BEGAN" },
      ...numbers.map((title) => ({ title, align: "right" } as const)),
      { title: "ENDED" },
      { title: "ON", flexible: true },
    ],
    records.map(({ key, start, ending, environment, summary }) => [
      key.slice(-8),
      formatTime(start),
      formatDuration(summary.duration),
      ...[summary.run, summary.cached, summary.failed, summary.skipped].map(String),
      ending,
      environmentText(environment, ["host", "labtech"]),
    ]),
    outputWidth(),
  );
}

async function show(
  { process: { stdout } }: LabContext,
  run: StoredRun,
  { json, limit }: Flags,
): Promise<void> {
  const record = await run.load();
  if (record === undefined) {
    throw new CacheError(
      `The record ${run.key} is damaged, not trusted, or of another version; lab verify tells more`,
    );
  }
  const tasks = await record.tasks();
  if (json) {
    return stdout.write(`${JSON.stringify({ ...headJson(record), tasks }, null, 2)}\n`);
  }
  stdout.write(description(record));
  stdout.write(failures(tasks, record.summary.failed, limit));
  stdout.write(skipped(tasks, record.summary.skipped, limit));
  const { slowest = [] } = record.summary;
  if (slowest.length > 0) {
    const lines = slowest.map(({ task, duration }) =>
      `  ${formatDuration(duration).padStart(10)}  ${neutralizeLine(task.text)}\n`
    );
    stdout.write(`\nslowest:\n${lines.join("")}`);
  }
}

function description(record: RunRecord): string {
  const { id, key, start, ending, error, summary, environment, leftOut, bytes } = record;
  const why = error === undefined ? "" : ` (${error.name}: ${error.message})`;
  const fields: [string, string][] = [
    ["run", id],
    ["key", key],
    ["began", `${formatTime(start)} (${formatAge(start, Date.now())})`],
    ["ended", ending + why],
    ["tasks", formatSummary(summary)],
    ["on", environmentText(environment, ["target", "deno", "labtech", "commit", "host"])],
    ["record", formatBytes(bytes) + (leftOut > 0 ? `; ${leftOut} tasks are not named in it` : "")],
  ];
  return fields.map(([name, value]) => `${name.padEnd(8)}${neutralizeLine(value)}\n`).join("");
}

function failures(tasks: readonly RecordedTask[], number: number, limit: number): string {
  const failed = tasks.filter(({ state }) => state === "failed");
  const lines = failed.slice(0, limit).map(({ text, id, attempts, error, worker }) => {
    const times = attempts === undefined ? [] : [`${attempts} attempts`];
    const where = worker === undefined ? [] : [`on ${neutralizeLine(worker)}`];
    const notes = [...times, ...where].join(", ");
    const often = notes === "" ? "" : ` (${notes})`;
    const why = error === undefined
      ? ""
      : `    ${neutralizeLine(`${error.name}: ${error.message}`)}\n`;
    return `  ${neutralizeLine(text ?? id)}${often}\n${why}`;
  });
  return section("failed", lines, number);
}

/** The skipped tasks, by what they lacked; without a cause, the run had ended before. */
function skipped(tasks: readonly RecordedTask[], number: number, limit: number): string {
  const texts = new Map(tasks.map(({ id, text }) => [id, text]));
  const lines = tasks.filter(({ state }) => state === "skipped").slice(0, limit)
    .map(({ id, text, cause }) => {
      const why = cause === undefined
        ? "since the run ended"
        : `for lack of ${texts.get(cause) ?? cause}`;
      return `  ${neutralizeLine(text ?? id)}\n    ${neutralizeLine(why)}\n`;
    });
  return section("skipped", lines, number);
}

function section(title: string, lines: readonly string[], number: number): string {
  if (number === 0) return "";
  const more = number > lines.length
    ? `  and ${number - lines.length} more (--limit, --json)\n`
    : "";
  return `\n${title} (${number}):\n${lines.join("")}${more}`;
}

type Part = keyof RunRecord["environment"];
const PARTS: Readonly<Record<Part, (value: string) => string>> = {
  target: (target) => target,
  deno: (version) => `Deno ${version}`,
  labtech: (version) => `labtech ${version}`,
  commit: (commit) => `commit ${commit.slice(0, 12)}`,
  host: (host) => `host ${host.slice(0, 8)}`,
};

function environmentText(environment: RunRecord["environment"], parts: readonly Part[]): string {
  return parts.flatMap((part) => {
    const value = environment[part];
    return value === undefined ? [] : [neutralizeLine(PARTS[part](value))];
  }).join(", ");
}

function headJson({ tasks: _, version: __, ...head }: RunRecord): object {
  return head;
}
