import { buildCommand, type Command } from "@stricli/core";
import { ConfigError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import type { Explanation } from "../provenance/explanation.ts";
import { explanationText } from "../provenance/explanation_text.ts";
import type { Task } from "../task.ts";
import { givenTasks } from "./_given_tasks.ts";
import { proposeTypes } from "./_keys.ts";
import { openLab, type OutputFlags, outputFlags } from "./_lab_flags.ts";
import { importModule } from "./_modules.ts";
import { typesFlag, typesNamed } from "./_module_types.ts";
import type { LabContext } from "./_process.ts";
import { count, formatTime, parseCount } from "./_quantities.ts";

interface Flags extends OutputFlags {
  readonly tasks?: string;
  readonly types?: readonly string[];
  readonly limit: number;
}

/** `lab explain`: tells whether tasks are cached, and why. */
export const explainCommand: Command<LabContext> = buildCommand<
  Flags,
  [string, string?],
  LabContext
>({
  func: explain,
  parameters: {
    flags: {
      tasks: {
        kind: "parsed",
        optional: true,
        parse: (input: string): string => input,
        placeholder: "export",
        brief: 'Export that gives the tasks [default = "default", else "tasks"]',
      },
      types: {
        ...typesFlag,
        optional: true,
        brief: "Explain the tasks of these types, among those given and nested in them",
        proposeCompletions: proposeTypes,
      },
      limit: {
        kind: "parsed",
        parse: parseCount,
        default: "5",
        placeholder: "n",
        brief: "Explain so many tasks at most",
      },
      ...outputFlags,
    },
    aliases: { t: "tasks", n: "limit" },
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: (input: string) => input,
          placeholder: "module",
          brief: "Path or specifier of a module that exports tasks",
        },
        {
          parse: (input: string) => input,
          placeholder: "task",
          optional: true,
          brief: "Only tasks, nested ones too, whose words, id or key have this in them",
        },
      ],
    },
  },
  docs: {
    brief: "Tell whether tasks are cached or not, and why",
    customUsage: ["[flags] <module>", "[flags] <module> <task>"],
    fullDescription:
      "Imports a module, and tells of the tasks that it exports, as lab run takes them, whether their\n" +
      "results are in the storage, and why: what is wrong with the entry, how it failed, or which cached\n" +
      "result is nearest, and what differs: params, and the declarations whose code has changed.\n" +
      "With a part of a task's words, as in 'Fit(depth=3', it tells of those, nested ones too.\n" +
      "Reads metadata only, and runs and changes nothing.",
  },
});

async function explain(
  this: LabContext,
  flags: Flags,
  module: string,
  named?: string,
): Promise<void> {
  // What the module prints by itself must not mix with JSON.
  if (flags.json) console.log = console.info = console.debug = console.error;
  const given = await givenTasks(await importModule(module), module, flags.tasks);
  await using lab = await openLab(flags);
  const wanted = await chosenTasks(lab, given, flags, named);
  const explanations: Explanation[] = [];
  for (const task of wanted.slice(0, flags.limit)) explanations.push(await lab.explain(task));
  const { stdout, stderr } = this.process;
  if (flags.json) {
    stdout.write(`${JSON.stringify({ tasks: explanations, total: wanted.length }, null, 2)}\n`);
    return;
  }
  const style = { time: formatTime, modules: module };
  stdout.write(explanations.map((each) => `${explanationText(each, style)}\n`).join("\n"));
  const more = wanted.length - explanations.length;
  if (more > 0) stderr.write(`and ${count(more, "more task", "more tasks")} (--limit)\n`);
}

/** The tasks that are meant, each once: those that were given, or of all of them and those nested in them some. */
async function chosenTasks(
  lab: Lab,
  given: readonly Task[],
  { types }: Flags,
  named: string | undefined,
): Promise<Task[]> {
  if (types === undefined && named === undefined) {
    return [...new Map(given.map((task) => [task.id, task])).values()];
  }
  const names = types && new Set(typesNamed(types).map(({ taskName }) => taskName));
  const chosen: Task[] = [];
  for (const task of withNested(given)) {
    if (names && !names.has(task.taskName)) continue;
    if (named !== undefined && !await isMeant(lab, task, named)) continue;
    chosen.push(task);
  }
  if (chosen.length > 0) return chosen;
  const what = [
    types && `of the types ${types.join(", ")}`,
    named === undefined ? undefined : `with ${JSON.stringify(named)} in its words, id or key`,
  ].filter((each) => each).join(" ");
  throw new ConfigError([{ path: "", message: `The module gives no task ${what}` }]);
}

/** The tasks and all that is nested in them, each once: those nearest to the given ones first. */
function withNested(given: readonly Task[]): Task[] {
  const found = new Map(given.map((task) => [task.id, task]));
  for (const task of found.values()) {
    for (const nested of task.dependencies) if (!found.has(nested.id)) found.set(nested.id, nested);
  }
  return [...found.values()];
}

async function isMeant(lab: Lab, task: Task, text: string): Promise<boolean> {
  return String(task).includes(text) || task.id.includes(text) ||
    (await lab.keyOf(task)).includes(text);
}
