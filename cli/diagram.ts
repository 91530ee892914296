import { buildCommand, type Command } from "@stricli/core";
import { buildRunDiagram, buildTaskDiagram } from "../diagram.ts";
import { givenTasks } from "./_given_tasks.ts";
import { type LabFlags, labFlags, openLab } from "./_lab_flags.ts";
import { importModule } from "./_modules.ts";
import type { LabContext } from "./_process.ts";
import { parseCount } from "./_quantities.ts";

const DIRECTIONS = ["BT", "TB", "LR", "RL"] as const;

interface Flags extends LabFlags {
  readonly run?: boolean;
  readonly tasks?: string;
  readonly direction: typeof DIRECTIONS[number];
  readonly limit?: number;
}

/** `lab diagram`: prints a diagram of the tasks that a module exports. */
export const diagramCommand: Command<LabContext> = buildCommand<Flags, [string], LabContext>({
  func: diagram,
  parameters: {
    flags: {
      run: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Draw each task, coloured by what became of it, in place of their types",
      },
      tasks: {
        kind: "parsed",
        parse: (input: string): string => input,
        optional: true,
        placeholder: "export",
        brief: 'Export that gives the tasks [default = "default", else "tasks"]',
      },
      direction: {
        kind: "enum",
        values: DIRECTIONS,
        default: "BT",
        brief: "Where arrows point: up, down, right, left",
      },
      limit: {
        kind: "parsed",
        parse: parseCount,
        optional: true,
        placeholder: "n",
        brief: "With --run, draw so many tasks at most [default = 200]",
      },
      ...labFlags,
    },
    aliases: { n: "limit", t: "tasks" },
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
    brief: "Print a diagram of the tasks that a module exports",
    customUsage: ["[flags] <module>"],
    fullDescription:
      "Imports a module, and prints a Mermaid diagram (https://mermaid.js.org) of the tasks that it\n" +
      "exports: of their types, params and dependencies, which needs no configuration; with --run, of\n" +
      "the tasks themselves, coloured by what the storage has of them. Nothing is run.",
  },
});

async function diagram(this: LabContext, flags: Flags, module: string): Promise<void> {
  // What the module prints by itself must not mix with the diagram.
  console.log = console.info = console.debug = console.error;
  const { run, direction, limit } = flags;
  const tasks = await givenTasks(await importModule(module), module, flags.tasks);
  const { stdout } = this.process;
  if (!run) return stdout.write(buildTaskDiagram(tasks, { direction }));
  await using lab = await openLab(flags);
  stdout.write(await buildRunDiagram(tasks, lab, { direction, limit }));
}
