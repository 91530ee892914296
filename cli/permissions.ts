import { buildCommand, type Command } from "@stricli/core";
import { openLab, type OutputFlags, outputFlags } from "./_lab_flags.ts";
import { importModules } from "./_modules.ts";
import type { LabContext } from "./_process.ts";
import { quoted } from "./_shell.ts";

/** `lab permissions`: prints the flags of `deno run` that a Lab needs. */
export const permissionsCommand: Command<LabContext> = buildCommand<
  OutputFlags,
  string[],
  LabContext
>({
  func: permissions,
  parameters: {
    flags: outputFlags,
    positional: {
      kind: "array",
      parameter: {
        parse: (input: string) => input,
        placeholder: "module",
        brief: "Modules that define the task types to be run",
      },
    },
  },
  docs: {
    brief: "Print the flags of deno run that the Lab needs",
    customUsage: ["[flags] [<module>...]"],
    fullDescription:
      "Prints the permissions that the Lab needs to run tasks of the modules' types, as flags on one\n" +
      "line: deno run $(lab permissions study.ts) study.ts. What the tasks themselves do comes on top.",
  },
});

async function permissions(
  this: LabContext,
  flags: OutputFlags,
  ...modules: string[]
): Promise<void> {
  await importModules(modules);
  await using lab = await openLab(flags);
  const wanted = lab.permissionFlags();
  const text = flags.json
    ? JSON.stringify({ flags: wanted, permissions: lab.permissions() }, null, 2)
    : wanted.map(quoted).join(" ");
  this.process.stdout.write(`${text}\n`);
}
