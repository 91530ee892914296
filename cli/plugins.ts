import { buildCommand, type Command } from "@stricli/core";
import { ConfigError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import type { Plugin } from "../plugin.ts";
import { caches, type Registry, runners, storages } from "../registry.ts";
import { didYouMean } from "../suggest.ts";
import { findConfig, openLab, type OutputFlags, outputFlags } from "./_lab_flags.ts";
import { type PluginOption, pluginOptions } from "./_plugin_options.ts";
import type { LabContext } from "./_process.ts";

const REGISTRIES: readonly Registry<unknown>[] = [storages, caches, runners];

interface Known {
  readonly kind: string;
  readonly name: string;
  readonly summary: string;
  readonly options: readonly PluginOption[] | undefined;
}

/** `lab plugins`: lists what a configuration can name, with the options of each. */
export const pluginsCommand: Command<LabContext> = buildCommand<OutputFlags, string[], LabContext>({
  func: plugins,
  parameters: {
    flags: outputFlags,
    positional: {
      kind: "array",
      parameter: {
        parse: (input: string) => input,
        placeholder: "name",
        brief: "Plugins to list; all if left out",
        proposeCompletions: (partial) =>
          [...new Set(REGISTRIES.flatMap((registry) => registry.names()))]
            .filter((name) => name.startsWith(partial)),
      },
    },
  },
  docs: {
    brief: "List storages, caches and runners with their options",
    customUsage: ["[flags] [<name>...]"],
    fullDescription:
      "Lists the storages, caches and runners that a configuration can name, those of its plugins\n" +
      "too, with the options of each.",
  },
});

async function plugins(this: LabContext, flags: OutputFlags, ...names: string[]): Promise<void> {
  await using _lab = await configuredLab(flags);
  const known = REGISTRIES.flatMap((registry) =>
    [...registry].map((plugin) => ({ kind: registry.kind, plugin: plugin as Plugin<unknown> }))
  );
  const all = new Set(known.map(({ plugin }) => plugin.name));
  const mistakes = names.filter((name) => !all.has(name)).map((name) => ({
    path: "",
    message: `There is no plugin ${JSON.stringify(name)}${
      didYouMean(name, all) || `; known are ${[...all].join(", ")}`
    }`,
  }));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  const wanted = names.length === 0
    ? known
    : known.filter(({ plugin }) => names.includes(plugin.name));
  const shown = await Promise.all(wanted.map(async ({ kind, plugin }): Promise<Known> => ({
    kind,
    name: plugin.name,
    summary: plugin.summary,
    options: await pluginOptions(plugin),
  })));
  this.process.stdout.write(flags.json ? `${JSON.stringify(shown, null, 2)}\n` : listing(shown));
}

// Where there is no configuration, there are the plugins that the library brings along.
async function configuredLab(flags: OutputFlags): Promise<Lab | undefined> {
  if (flags.config === undefined && flags.lab === undefined) {
    try {
      await findConfig();
    } catch (error) {
      if (error instanceof ConfigError) return undefined;
      throw error;
    }
  }
  return await openLab(flags);
}

function listing(plugins: readonly Known[]): string {
  const kinds = [...new Set(plugins.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const ofKind = plugins.filter((plugin) => plugin.kind === kind);
    return `${kind}\n${ofKind.map(described).join("")}`;
  }).join("\n");
}

function described({ name, summary, options }: Known): string {
  const lines = options?.map((option) => {
    const required = option.required ? ", required" : "";
    const standard = option.default === undefined
      ? ""
      : `, default ${JSON.stringify(option.default)}`;
    const text = option.description === undefined ? "" : `: ${option.description}`;
    return `      ${option.name} (${option.type}${required}${standard})${text}\n`;
  }) ?? ["      (its schema does not tell its options)\n"];
  return `  ${name}: ${summary}\n${lines.join("")}`;
}
