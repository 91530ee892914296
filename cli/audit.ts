import { buildCommand, type Command } from "@stricli/core";
import { LabError } from "../lab_error.ts";
import { formatDuration } from "../progress/format_duration.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { AuditedTask, AuditReport } from "../provenance/audit_report.ts";
import type { SampleSize } from "../provenance/stratified_sample.ts";
import type { ValueDifference } from "../provenance/value_difference.ts";
import { INTERRUPTED } from "./_exit_codes.ts";
import { failureText } from "./_failures.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import { moduleArguments, typesFlag, typesNamed } from "./_module_types.ts";
import { importModules } from "./_modules.ts";
import { proposeTypes } from "./_keys.ts";
import type { LabContext } from "./_process.ts";
import { ProgressLine } from "./_progress_line.ts";
import { count, parseCount } from "./_quantities.ts";

interface Flags extends OutputFlags {
  readonly sample: SampleSize;
  readonly tolerance?: number;
  readonly types?: readonly string[];
  readonly seed: string;
  readonly differences: number;
  readonly verbose?: boolean;
}

/** `lab audit`: runs tasks again, and compares with what is stored. */
export const auditCommand: Command<LabContext> = buildCommand<Flags, string[], LabContext>({
  func: audit,
  parameters: {
    flags: {
      sample: {
        kind: "parsed",
        parse: parseSample,
        default: "20",
        placeholder: "n",
        brief: "How many results, or what share of them (5%), to look at; of each type some",
      },
      tolerance: {
        kind: "parsed",
        parse: parseTolerance,
        optional: true,
        placeholder: "x",
        brief: "Numbers agree that differ by no more, or by no more than this share [default = 0]",
      },
      types: {
        ...typesFlag,
        optional: true,
        brief: "Of these task types only",
        proposeCompletions: proposeTypes,
      },
      seed: {
        kind: "parsed",
        parse: (input: string): string => input,
        default: "0",
        placeholder: "text",
        brief: "Which results: the same seed gives the same ones",
      },
      differences: {
        kind: "parsed",
        parse: parseCount,
        default: "10",
        placeholder: "n",
        brief: "How many differences of each task to print",
      },
      verbose: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Print the stacks of errors",
      },
      ...outputFlags,
    },
    aliases: { n: "sample", v: "verbose" },
    positional: moduleArguments,
  },
  docs: {
    brief: "Run some tasks again, and compare with their results in the storage",
    customUsage: ["[flags] <module>..."],
    fullDescription:
      "Runs some of the tasks again whose results are in the storage, and tells where they come out\n" +
      "differently: because of time, random numbers, the machine, or code that was accepted wrongly.\n" +
      "Nothing in the storage is changed.\n\n" +
      "Exit codes: 0 all came out the same, 1 some did not, 2 a mistake in what was asked, 130 Ctrl-C",
  },
});

async function audit(this: LabContext, flags: Flags, ...modules: string[]): Promise<void> {
  // What tasks and modules print by themselves must not mix with JSON.
  if (flags.json) console.log = console.info = console.debug = console.error;
  await importModules(modules);
  const { sample, seed, differences, tolerance, types } = flags;
  const named = types && typesNamed(types);
  await using lab = await openLab(flags);
  storageOf(lab);
  using line = new ProgressLine();
  line.update(() => "Looking for results to audit");
  let report: AuditReport;
  try {
    report = await lab.audit({
      ...{ sample, seed, differences, tolerance },
      ...(named && { types: named }),
      onProgress: ({ done, of }) => line.update(() => `${done} of ${of} run again`),
    });
  } catch (error) {
    if (!(error instanceof LabError) || error.stopped === undefined) throw error;
    line[Symbol.dispose]();
    this.process.exitCode = INTERRUPTED;
    this.process.stderr.write("Ended by Ctrl-C; the storage is as it was\n");
    return;
  }
  line[Symbol.dispose]();
  const { stdout, stderr } = this.process;
  if (!report.passed) this.process.exitCode = 1;
  if (flags.json) {
    stdout.write(`${JSON.stringify(jsonOf(report), null, 2)}\n`);
    return;
  }
  for (const each of report.tasks) stdout.write(findingText(each, flags));
  stdout.write(summary(report));
  if (report.passedOver > 0) {
    const were = count(report.passedOver, "result was", "results were");
    stderr.write(`${were} passed over: of earlier code, torn, foreign or not trusted\n`);
  }
}

function findingText(audited: AuditedTask, flags: Flags): string {
  const { task, verdict, error, differences, more } = audited;
  switch (verdict) {
    case "same":
    case "close":
      return "";
    case "failed":
      return failureText(task, error!, flags);
    case "skipped":
      return `Not run, for lack of what it depends on: ${neutralizeLine(String(task))}\n`;
    case "unreadable":
      return `Cannot be loaded: ${neutralizeLine(String(task))}\n`;
    case "different": {
      const lines = differences.map((difference) => `  ${differenceText(difference)}\n`);
      return `Different: ${neutralizeLine(String(task))}\n${lines.join("")}${more ? "  …\n" : ""}`;
    }
  }
}

function differenceText({ path, before, after }: ValueDifference): string {
  return `${path}: ${before ?? "nothing"} → ${after ?? "nothing"}`;
}

const WORDS: Readonly<Record<AuditedTask["verdict"], string>> = {
  same: "the same",
  close: "within the tolerance",
  different: "different",
  failed: "failed",
  skipped: "not run",
  unreadable: "not readable",
};

function summary({ tasks, candidates }: AuditReport): string {
  if (candidates === 0) return "There are no results of these types to audit\n";
  const counts = Map.groupBy(tasks, ({ verdict }) => verdict);
  const parts = Object.entries(WORDS).map(([verdict, words]) => {
    const number = counts.get(verdict as AuditedTask["verdict"])?.length ?? 0;
    return number === 0 ? "" : `${number} ${words}`;
  }).filter((part) => part !== "");
  const took = tasks.reduce((sum, { duration = 0 }) => sum + duration, 0);
  return `${tasks.length} of ${count(candidates, "result", "results")} run again in ` +
    `${formatDuration(took)} of computing: ${parts.join(", ")}\n`;
}

function jsonOf({ tasks, ...rest }: AuditReport): unknown {
  return {
    ...rest,
    tasks: tasks.map(({ task, error, ...audited }) => ({
      ...{ task: String(task), type: task.taskName, id: task.id },
      ...audited,
      ...(error && { error: messageOf(error) }),
    })),
  };
}

function messageOf({ cause, message }: Error): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : message;
}

const SHARE = /^\d+(?:\.\d+)?%$/;

/** Reads a number of results, or a share of them. */
function parseSample(text: string): SampleSize {
  if (!text.endsWith("%")) return parseCount(text);
  const share = Number(text.slice(0, -1));
  if (SHARE.test(text) && share > 0 && share <= 100) return text as SampleSize;
  throw new SyntaxError("expected a share up to 100%, as in 5%");
}

function parseTolerance(text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= 0 && Number.isFinite(number)) return number;
  throw new SyntaxError("expected a number of 0 or more, as in 1e-9");
}
