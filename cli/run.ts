import { buildCommand, type Command } from "@stricli/core";
import { type Lab, type LabOptions, partsOf } from "../lab.ts";
import { LabError } from "../lab_error.ts";
import { formatSummary } from "../progress/format_summary.ts";
import { runners } from "../registry.ts";
import type { TaskResults } from "../results.ts";
import type { Task } from "../task.ts";
import { planNotes, planText } from "./_dry_run.ts";
import { failuresText, skippedText } from "./_failures.ts";
import { givenTasks } from "./_given_tasks.ts";
import { jsonOf, lineOf } from "./_json_value.ts";
import { openLab, type OutputFlags, outputFlags } from "./_lab_flags.ts";
import { importModule } from "./_modules.ts";
import { INTERRUPTED } from "./_exit_codes.ts";
import type { LabContext } from "./_process.ts";
import { parseCount } from "./_quantities.ts";
import { outputWidth, table } from "./_table.ts";

interface Flags extends OutputFlags {
  readonly tasks?: string;
  readonly bustCache?: boolean;
  readonly dryRun?: boolean;
  readonly maxWorkers?: number;
  readonly runner?: string;
  readonly failFast?: boolean;
  readonly progress?: boolean;
  readonly limit: number;
  readonly verbose?: boolean;
}

const flag = { kind: "boolean", optional: true, withNegated: false } as const;
const text = { kind: "parsed", optional: true, parse: (input: string): string => input } as const;

/** `lab run`: runs the tasks that a module exports. */
export const runCommand: Command<LabContext> = buildCommand<Flags, [string], LabContext>({
  func: run,
  parameters: {
    flags: {
      tasks: {
        ...text,
        placeholder: "export",
        brief: 'Export that gives the tasks [default = "default", else "tasks"]',
      },
      bustCache: { ...flag, brief: "Run again, and replace, what is in the storage" },
      dryRun: { ...flag, brief: "Only tell what would run, what be loaded, and for how long" },
      maxWorkers: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "n",
        brief: "How many tasks may run at once",
      },
      runner: {
        ...text,
        placeholder: "name",
        brief: "What runs tasks; lab plugins lists the runners",
        proposeCompletions: (partial) => runners.names().filter((name) => name.startsWith(partial)),
      },
      failFast: { ...flag, brief: "Start nothing new after the first failure" },
      progress: {
        kind: "boolean",
        optional: true,
        brief: "Whether to show progress on standard error [default = on a terminal]",
      },
      limit: {
        kind: "parsed",
        parse: parseCount,
        default: "20",
        placeholder: "n",
        brief: "Print so many results, or tasks, at most (with --json, all are)",
      },
      verbose: { ...flag, brief: "Print the stacks of errors" },
      ...outputFlags,
    },
    aliases: { t: "tasks", j: "maxWorkers", n: "limit", v: "verbose" },
    positional: {
      kind: "tuple",
      parameters: [{
        parse: (input: string) => input,
        placeholder: "module",
        brief: "Path or specifier of a module that exports tasks",
      }],
    },
  },
  docs: {
    brief: "Run the tasks that a module exports, and print their results",
    customUsage: ["[flags] <module>"],
    fullDescription:
      "Imports a module, and runs the tasks that it exports: a task, a list of tasks, or a function\n" +
      "that gives them. Results that are in the storage are not computed again. Ctrl-C once finishes\n" +
      "what runs, twice stops at once. With --dry-run nothing is run or changed.\n\n" +
      "Exit codes: 0 all is done, 1 tasks failed, 2 nothing was run because of a mistake, 130 Ctrl-C",
  },
});

async function run(this: LabContext, flags: Flags, module: string): Promise<void> {
  // What the module prints by itself must not mix with JSON.
  if (flags.json) console.log = console.info = console.debug = console.error;
  const tasks = await givenTasks(await importModule(module), module, flags.tasks);
  await using lab = await openLab(flags, overrideOf(flags));
  if (flags.dryRun) return await plan(this, lab, tasks, flags);
  let results: TaskResults | undefined;
  let error: LabError | undefined;
  try {
    results = await lab.runTasks(tasks, { bustCache: flags.bustCache });
  } catch (thrown) {
    // Without results, nothing was begun.
    if (!(thrown instanceof LabError) || thrown.results === undefined) throw thrown;
    error = thrown;
    results = thrown.results;
  }
  const interrupted = error?.stopped !== undefined;
  if (error) this.process.exitCode = interrupted ? INTERRUPTED : 1;
  if (flags.json) {
    const report = await jsonReport({ lab, tasks, results, error, interrupted });
    this.process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  this.process.stdout.write(await resultTable(results, flags.limit));
  // Progress ends with what failed, and with the summary.
  const isTold = await isShown(lab);
  const isSeen = isTold && Deno.stderr.isTerminal() && Deno.stdout.isTerminal();
  if (!isSeen && results.size > 0) this.process.stdout.write("\n");
  if (error) this.process.stderr.write(problems(error, { ...flags, isTold, interrupted }));
  if (!isSeen) this.process.stdout.write(`${formatSummary(results.summary)}\n`);
}

/** Whether progress was shown, on standard error. */
async function isShown(lab: Lab): Promise<boolean> {
  const { progress } = await partsOf(lab);
  const isOn = typeof progress === "object" ? progress.enabled : progress;
  return isOn ?? Deno.stderr.isTerminal();
}

async function plan(
  { process }: LabContext,
  lab: Lab,
  tasks: readonly Task[],
  { bustCache, json, limit }: Flags,
): Promise<void> {
  const plan = await lab.plan(tasks, { bustCache });
  const text = json ? `${JSON.stringify(plan, null, 2)}\n` : await planText(plan, limit);
  process.stdout.write(text);
  if (!json) process.stderr.write(planNotes(plan));
}

function overrideOf({ maxWorkers, runner, failFast, progress }: Flags): LabOptions {
  return {
    ...(maxWorkers !== undefined && { maxWorkers }),
    ...(runner !== undefined && { runner }),
    ...(failFast && { continueOnFailure: false }),
    ...(progress !== undefined && { progress }),
  };
}

async function resultTable(results: TaskResults, limit: number): Promise<string> {
  const rows: string[][] = [];
  for (const [task, value] of Iterator.from(results).take(limit)) {
    rows.push([lineOf(task), lineOf(value)]);
  }
  if (rows.length === 0) return "";
  const columns = [
    { title: "TASK", flexible: true, cut: "middle" },
    { title: "RESULT", flexible: true },
  ] as const;
  const more = results.size > limit ? `and ${results.size - limit} more (--limit)\n` : "";
  return `${await table(columns, rows, outputWidth())}${more}`;
}

function problems(
  error: LabError,
  { verbose, isTold, interrupted }: {
    readonly verbose?: boolean;
    readonly isTold: boolean;
    readonly interrupted: boolean;
  },
): string {
  const failures = isTold && !verbose ? "" : failuresText(error.failures, { verbose });
  const end = interrupted
    ? "Ended by Ctrl-C; results that are there are kept, and lab run goes on from them\n"
    : "";
  return `${failures}${skippedText(error.skipped)}${end}`;
}

async function jsonReport(
  { lab, tasks, results, error, interrupted }: {
    readonly lab: Lab;
    readonly tasks: readonly Task[];
    readonly results: TaskResults;
    readonly error: LabError | undefined;
    readonly interrupted: boolean;
  },
): Promise<unknown> {
  const distinct = new Map(tasks.map((task) => [task.id, task]));
  const report = await Promise.all(
    distinct.values().map(async (task) => ({
      ...await named(lab, task),
      ...(results.has(task) && {
        start: task.resultMeta.start,
        duration: task.resultMeta.duration,
        ...await jsonOf(results.get(task)),
      }),
    })),
  );
  return {
    tasks: report,
    summary: results.summary,
    interrupted,
    failures: await Promise.all([...error?.failures ?? []].map(async ([task, { cause }]) => ({
      ...await named(lab, task),
      error: errorJson(cause),
    }))),
    skipped: await Promise.all([...error?.skipped ?? []].map(async ([task, root]) => ({
      ...await named(lab, task),
      because: root?.id ?? null,
    }))),
  };
}

async function named(lab: Lab, task: Task): Promise<Record<string, string>> {
  return { task: String(task), type: task.taskName, id: task.id, key: await lab.keyOf(task) };
}

function errorJson(error: unknown): unknown {
  if (!(error instanceof Error)) return { name: "unknown", message: String(error) };
  return { name: error.name, message: error.message, stack: error.stack };
}
