import { neutralizeLine } from "../progress/neutralize.ts";
import { formatDuration } from "../progress/format_duration.ts";
import { type RunPlan, typeRows } from "../provenance/run_plan.ts";
import { lineOf } from "./_json_value.ts";
import { type Column, outputWidth, table } from "./_table.ts";

const TYPES: readonly Partial<Column>[] = [
  {},
  { align: "right" },
  { align: "right" },
  { align: "right" },
  { flexible: true },
];

/** A plan as text: a table of types, one of the tasks that would run, and the plan in one line. */
export async function planText(plan: RunPlan, limit: number): Promise<string> {
  const width = outputWidth();
  const [titles, ...rows] = typeRows(plan.types);
  const types = await table(
    titles!.map((title, at) => ({ title, ...TYPES[at] })),
    rows.map((cells) => cells.map(neutralizeLine)),
    width,
  );
  return `${types}\n${await tasksText(plan, limit, width)}${plan.summary}\n`;
}

async function tasksText(
  { run, steps }: RunPlan,
  limit: number,
  width: number | undefined,
): Promise<string> {
  const toRun = steps.filter(({ action }) => action === "run").slice(0, limit);
  if (toRun.length === 0) return "";
  const text = await table(
    [
      { title: "TO RUN", flexible: true },
      { title: "TIME", align: "right" },
      { title: "WHY", flexible: true },
    ],
    toRun.map(({ task, why, duration }) => [
      ...[lineOf(task), duration === undefined ? "?" : formatDuration(duration), why],
    ]),
    width,
  );
  return `${text}${run > limit ? `and ${run - limit} more (--limit)\n` : ""}\n`;
}

/** What is to be said of a plan beside it: what the run would warn of, or refuse. */
export function planNotes({ warnings, obstacle, estimate: { unknown } }: RunPlan): string {
  return [
    ...(unknown.length > 0 ? [`Nothing is known of how long ${unknown.join(", ")} takes`] : []),
    ...warnings,
    ...(obstacle === undefined ? [] : [`The run would not begin: ${obstacle}`]),
  ].map((line) => `${neutralizeLine(line)}\n`).join("");
}
