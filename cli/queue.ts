import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { QueueCare, QueueCounts, QueuedJob, QueueName } from "../runners/_bullmq_care.ts";
import { placeOfLab } from "./_bullmq_place.ts";
import { openLab, type OutputFlags, outputFlags } from "./_lab_flags.ts";
import type { LabContext } from "./_process.ts";
import { count, formatAge, parseCount } from "./_quantities.ts";
import { outputWidth, table } from "./_table.ts";

interface Flags extends OutputFlags {
  readonly types?: readonly string[];
}

interface ShowFlags extends Flags {
  readonly limit: number;
}

const flags = {
  types: {
    kind: "parsed",
    parse: (input: string): string => input,
    optional: true,
    variadic: ",",
    placeholder: "type",
    brief: "Tasks of these types only",
  },
  ...outputFlags,
} as const;

const STATES = ["active", "failed", "waiting"] as const;

const showCommand = buildCommand<ShowFlags, [], LabContext>({
  func: show,
  parameters: {
    flags: {
      limit: {
        kind: "parsed",
        parse: parseCount,
        default: "10",
        placeholder: "n",
        brief: "Show so many jobs of each state at most",
      },
      ...flags,
    },
    aliases: { n: "limit" },
  },
  docs: {
    brief: "Show what waits, what runs and where, and what failed and why",
    fullDescription:
      "Shows the queues of the configuration's runner (bullmq): how many tasks wait, run and failed, how\n" +
      "many workers there are for them; then which tasks run, on which worker, which failed, and why.\n" +
      "Failed ones are kept for a week, unless a program asks for them again.",
  },
});

const retryCommand = buildCommand<Flags, [], LabContext>({
  func: retry,
  parameters: { flags },
  docs: { brief: "Try tasks again that failed, whether a program waits for them or not" },
});

const drainCommand = buildCommand<Flags, [], LabContext>({
  func: drain,
  parameters: { flags },
  docs: { brief: "Take out tasks that wait; they fail in programs that wait for them" },
});

/** `lab queue`: looks after the queues of a runner `bullmq`. */
export const queueRoutes: RouteMap<LabContext> = buildRouteMap({
  routes: { show: showCommand, retry: retryCommand, drain: drainCommand },
  defaultCommand: "show",
  docs: { brief: "Look after tasks that wait for workers (runner bullmq)" },
});

async function show(this: LabContext, flags: ShowFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  await using care = await openCare(flags);
  const queues: (QueueName & QueueCounts & { readonly jobs: readonly QueuedJob[] })[] = [];
  for (const queue of await care.queues(flags.types)) {
    const counts = await care.counts(queue);
    const jobs = [];
    for (const state of STATES) {
      if (counts[state] > 0) jobs.push(...await care.jobs(queue, state, flags.limit));
    }
    queues.push({ ...queue, ...counts, jobs });
  }
  if (flags.json) {
    stdout.write(`${JSON.stringify({ queues }, null, 2)}\n`);
    return;
  }
  if (queues.length === 0) {
    stderr.write("There are no queues: no program has asked for tasks yet\n");
    return;
  }
  const jobs = queues.flatMap(({ jobs }) => jobs);
  stdout.write(await queueTable(queues));
  for (const state of STATES) {
    const number = queues.reduce((sum, queue) => sum + queue[state], 0);
    const some = jobs.filter((job) => job.state === state).slice(0, flags.limit);
    if (some.length > 0) stdout.write(section(state, some, number));
  }
}

async function queueTable(queues: readonly (QueueName & QueueCounts)[]): Promise<string> {
  return await table(
    [
      { title: "TYPE", flexible: true },
      { title: "TAGS" },
      ...["WAITING", "ACTIVE", "FAILED", "WORKERS"].map((title) => ({
        title,
        align: "right" as const,
      })),
    ],
    queues.map(({ type, tags, waiting, active, failed, workers }) => [
      neutralizeLine(type),
      neutralizeLine(tags.join(", ")),
      ...[waiting, active, failed, workers ?? "?"].map(String),
    ]),
    outputWidth(),
  );
}

function section(state: string, jobs: readonly QueuedJob[], number: number): string {
  const now = Date.now();
  const lines = jobs.map(({ task, worker, since, reason }) => {
    const where = worker === undefined ? "" : ` on ${neutralizeLine(worker)}`;
    const why = reason === undefined ? "" : `    ${neutralizeLine(reason)}\n`;
    const when = since === undefined ? "" : `, ${formatAge(since, now)}`;
    return `  ${neutralizeLine(task)}${where}${when}\n${why}`;
  });
  const more = number > jobs.length ? `  and ${number - jobs.length} more (--limit)\n` : "";
  return `\n${state} (${number}):\n${lines.join("")}${more}`;
}

async function retry(this: LabContext, flags: Flags): Promise<void> {
  await tend(this, flags, "retried", (care, queue) => care.retry(queue));
}

async function drain(this: LabContext, flags: Flags): Promise<void> {
  await tend(this, flags, "drained", (care, queue) => care.drain(queue));
}

async function tend(
  { process: { stdout, stderr } }: LabContext,
  flags: Flags,
  done: "retried" | "drained",
  how: (care: QueueCare, queue: QueueName) => Promise<number>,
): Promise<void> {
  await using care = await openCare(flags);
  const queues: { readonly name: string; readonly count: number }[] = [];
  for (const queue of await care.queues(flags.types)) {
    queues.push({ name: queue.name, count: await how(care, queue) });
  }
  const total = queues.reduce((sum, { count }) => sum + count, 0);
  if (flags.json) stdout.write(`${JSON.stringify({ [done]: total, queues }, null, 2)}\n`);
  else {
    const what = done === "retried" ? "will be tried again" : "taken out";
    stderr.write(`${count(total, "task", "tasks")} ${what}\n`);
  }
}

async function openCare(flags: Flags): Promise<QueueCare> {
  await using lab = await openLab(flags);
  const { QueueCare } = await import("../runners/_bullmq_care.ts");
  return await QueueCare.open(placeOfLab(lab));
}
