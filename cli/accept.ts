import { buildCommand, type Command } from "@stricli/core";
import { ConfigError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { formatDuration } from "../progress/format_duration.ts";
import type { AcceptedEntry, AcceptReport } from "../provenance/accept_report.ts";
import type { Task, TaskType } from "../task.ts";
import { versionText } from "./_code_version.ts";
import { keyArgument, proposeTypes, shortener } from "./_keys.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import { tasksOfEntries } from "./_named_entries.ts";
import { moduleArguments, typesFlag, typesNamed } from "./_module_types.ts";
import { importModules } from "./_modules.ts";
import type { LabContext } from "./_process.ts";
import { ProgressLine } from "./_progress_line.ts";
import { count, formatBytes, formatTime } from "./_quantities.ts";
import { outputWidth, table } from "./_table.ts";

interface Flags extends OutputFlags {
  readonly types?: readonly string[];
  readonly keys?: readonly string[];
  readonly why: string;
  readonly from?: string;
  readonly yes?: boolean;
}

const SHOWN = 20;
const NONE = "none";

/** `lab accept`: takes results over to code that is known to compute the same, after a preview. */
export const acceptCommand: Command<LabContext> = buildCommand<Flags, string[], LabContext>({
  func: accept,
  parameters: {
    flags: {
      types: {
        ...typesFlag,
        optional: true,
        brief: "Task types whose code was edited without changing what it computes",
        proposeCompletions: proposeTypes,
      },
      keys: {
        kind: "parsed",
        ...keyArgument,
        optional: true,
        variadic: ",",
        brief: "Of single tasks: keys of their earlier entries, or the beginnings of their digests",
      },
      why: {
        kind: "parsed",
        parse: (input: string): string => input,
        placeholder: "text",
        brief: "Why the edit does no harm; it is kept in the entries",
      },
      from: {
        kind: "parsed",
        parse: (input: string): string => input,
        optional: true,
        placeholder: "version",
        brief:
          `Code version to take over, or its beginning; "${NONE}" for none [default = latest in use]`,
      },
      yes: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Take them over; without it, only say which",
      },
      ...outputFlags,
    },
    aliases: { y: "yes" },
    positional: moduleArguments,
  },
  docs: {
    brief: "Keep results across an edit that is known to be harmless",
    customUsage: [
      "--types type,... --why text [--from version] [--yes] <module>...",
      "--keys key,... --why text [--yes] <module>...",
    ],
    fullDescription:
      "Says which results of earlier code would be taken over to the code as it is now: those of the\n" +
      "named types or entries, and those that depend on them. With --yes it does so; the reason is\n" +
      "recorded in each entry, and lab show prints it. The earlier entries stay, for lab gc --stale\n" +
      "to remove.",
  },
});

async function accept(this: LabContext, flags: Flags, ...modules: string[]): Promise<void> {
  await importModules(modules);
  const { types = [], keys = [] } = flags;
  const named = typesNamed(types);
  if ((named.length > 0) === (keys.length > 0)) {
    throw mistake("Expected either --types or --keys to say of what");
  }
  if (keys.length > 0 && flags.from !== undefined) {
    throw mistake("Expected --from with --types only: a key says of which version it is");
  }
  if (flags.why.trim() === "") {
    throw mistake("Expected --why to say why the edit does no harm");
  }
  await using lab = await openLab(flags);
  storageOf(lab);
  using line = new ProgressLine();
  line.update(() => "Looking for results of earlier code");
  const { tasks, from: own } = await tasksOfEntries(lab, keys);
  const what = [...named, ...tasks];
  const from = flags.from === undefined ? own : await versionNamed(lab, what, flags.from);
  const report = await lab.accept(what, {
    ...{ why: flags.why, preview: !flags.yes, ...(from !== undefined && { from }) },
    onProgress: ({ done, of }) => line.update(() => `${done} of ${of} taken over`),
  });
  line[Symbol.dispose]();
  const { stdout, stderr } = this.process;
  if (flags.json) {
    stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  if (!flags.yes && report.entries.length > 0) stdout.write(await preview(report));
  stdout.write(outcome(report, flags));
  stderr.write(leftText(report));
}

/** The version that is meant: it is long where it follows the code, so that its beginning will do. */
async function versionNamed(
  lab: Lab,
  what: readonly (TaskType | Task)[],
  given: string,
): Promise<string | null> {
  if (given === NONE) return null;
  const { versions } = await lab.accept(what, { why: "only looking", preview: true });
  const known = new Set(versions.map(({ version }) => version ?? NONE));
  if (known.has(given)) return given;
  const meant = [...known].filter((version) => version.startsWith(given));
  if (meant.length === 1 && given !== "") return meant[0]!;
  const listed = known.size === 0
    ? "there are results of no earlier one"
    : `there are results of ${[...known].join(", ")}`;
  throw mistake(
    meant.length > 1
      ? `${
        JSON.stringify(given)
      } is the beginning of ${meant.length} code versions; write more of it`
      : `There are no results of the code version ${JSON.stringify(given)}; ${listed}`,
  );
}

function mistake(message: string): ConfigError {
  return new ConfigError([{ path: "", message }]);
}

async function preview({ entries }: AcceptReport): Promise<string> {
  const width = outputWidth();
  const short = width === undefined
    ? (key: string) => key
    : shortener(entries.map(({ from }) => from));
  const text = await table(
    [
      { title: "KEY" },
      { title: "TASK", flexible: true, cut: "middle" },
      { title: "CODE", flexible: true },
      { title: "CACHED" },
      { title: "TOOK", align: "right" },
      { title: "SIZE", align: "right" },
    ],
    entries.slice(0, SHOWN).map((entry) => [
      ...[short(entry.from), entry.task, changeText(entry), formatTime(entry.cached)],
      ...[formatDuration(entry.duration), formatBytes(entry.bytes)],
    ]),
    width,
  );
  const more = entries.length > SHOWN ? `and ${entries.length - SHOWN} more\n` : "";
  return `${text}${more}\n`;
}

function changeText({ changes }: AcceptedEntry): string {
  return changes.map(({ type, from, to }) => `${type} ${versionText(from)} → ${versionText(to)}`)
    .join(", ");
}

function outcome(
  { entries, accepted, bytes, duration, present }: AcceptReport,
  flags: Flags,
): string {
  const there = present === 0
    ? ""
    : `; ${present} ${present === 1 ? "has" : "have"} a result already`;
  if (entries.length === 0) return `Nothing to take over${there}\n`;
  const size = `(${formatBytes(bytes)}, ${formatDuration(duration)} of computing)`;
  return flags.yes
    ? `Took over ${count(accepted, "result", "results")} ${size}${there}\n`
    : `Would take over ${
      count(entries.length, "result", "results")
    } ${size}${there}; add --yes to do it\n`;
}

const WHY_LEFT: Readonly<Record<keyof AcceptReport["left"], string>> = {
  otherVersion: "of other earlier code versions (--from chooses)",
  otherCode: "that depend on other code that has changed (--types names it)",
  unknownType: "with tasks of types that the modules do not define",
  unusable: "torn, foreign, or of another cache",
  untrusted: "not trusted, or signed where there is no key to sign by",
  meanwhile: "computed, removed or replaced by others meanwhile",
};

function leftText({ left }: AcceptReport): string {
  return Object.entries(WHY_LEFT).map(([reason, words]) => {
    const number = left[reason as keyof typeof left];
    return number === 0 ? "" : `Left: ${count(number, "entry", "entries")} ${words}\n`;
  }).join("");
}
