import { buildCommand, type Command } from "@stricli/core";
import { formatDuration } from "../progress/format_duration.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { OutdatedVersion } from "../maintenance/outdated_versions.ts";
import type { OutdatedEntries } from "../provenance/outdated.ts";
import { versionText } from "./_code_version.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import { importModules } from "./_modules.ts";
import type { LabContext } from "./_process.ts";
import { count, formatBytes } from "./_quantities.ts";
import { outputWidth, table } from "./_table.ts";

/** `lab outdated`: tells which entries' code has moved on. */
export const outdatedCommand: Command<LabContext> = buildCommand<OutputFlags, string[], LabContext>(
  {
    func: outdated,
    parameters: {
      flags: { ...outputFlags },
      positional: {
        kind: "array",
        minimum: 1,
        parameter: {
          parse: (input: string) => input,
          placeholder: "module",
          brief: "Modules whose task types tell the versions that hold now",
        },
      },
    },
    docs: {
      brief: "Tell which results the code has moved on from",
      customUsage: ["[flags] <module>..."],
      fullDescription:
        "Imports modules, and tells which entries are of another code version than their task types\n" +
        "have now, their own or that of a task nested in them: by type and version, with size and how\n" +
        "long they took to compute. Nothing is changed; lab gc --stale removes them.",
    },
  },
);

async function outdated(this: LabContext, flags: OutputFlags, ...modules: string[]): Promise<void> {
  // What modules print by themselves must not mix with JSON.
  if (flags.json) console.log = console.info = console.debug = console.error;
  await importModules(modules);
  await using lab = await openLab(flags);
  storageOf(lab);
  const found = await lab.outdated();
  const { stdout, stderr } = this.process;
  if (flags.json) {
    const entries = found.entries.map(({ cached, ...entry }) => ({
      ...entry,
      cached: Number.isNaN(cached.getTime()) ? null : cached,
    }));
    stdout.write(`${JSON.stringify({ ...found, entries }, null, 2)}\n`);
    return;
  }
  if (found.entries.length > 0) stdout.write(await listing(found));
  const { entries, bytes, duration } = found;
  stderr.write(
    entries.length === 0
      ? "Nothing is outdated\n"
      : `${count(entries.length, "entry", "entries")}, ${formatBytes(bytes)}, ` +
        `${formatDuration(duration)} of computing; lab gc --stale ${modules.join(",")} --yes ` +
        `removes ${entries.length === 1 ? "it" : "them"}\n`,
  );
  if (found.passedOver > 0) {
    const were = count(found.passedOver, "entry was", "entries were");
    stderr.write(`${were} passed over, torn or foreign; lab verify tells more\n`);
  }
}

interface Group {
  readonly type: string;
  readonly why: string;
  entries: number;
  bytes: number;
  duration: number;
}

async function listing({ entries }: OutdatedEntries): Promise<string> {
  const groups = new Map<string, Group>();
  for (const { taskName, because, bytes, duration } of entries) {
    const why = because.map((version) => reason(taskName, version)).join(", ");
    const id = JSON.stringify([taskName, why]);
    const group = groups.get(id) ?? { type: taskName, why, entries: 0, bytes: 0, duration: 0 };
    group.entries++;
    group.bytes += bytes;
    group.duration += duration;
    groups.set(id, group);
  }
  return await table(
    [
      { title: "TYPE" },
      { title: "CODE VERSION", flexible: true },
      ...["ENTRIES", "TOOK", "SIZE"].map((title) => ({ title, align: "right" } as const)),
    ],
    [...groups.values()].sort((a, b) => b.bytes - a.bytes).map((group) => [
      neutralizeLine(group.type),
      neutralizeLine(group.why),
      String(group.entries),
      formatDuration(group.duration),
      formatBytes(group.bytes),
    ]),
    outputWidth(),
  );
}

function reason(own: string, { taskName, stored, current }: OutdatedVersion): string {
  const versions = `${versionText(stored)} → ${versionText(current)}`;
  return taskName === own ? versions : `${taskName} ${versions}`;
}
