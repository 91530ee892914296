import { buildCommand, type Command } from "@stricli/core";
import {
  collectGarbage,
  type GarbageCount,
  type GarbageEntry,
  type GarbagePlan,
} from "../maintenance/collect_garbage.ts";
import { formatDuration } from "../progress/format_duration.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { Leftover } from "../storages/storage.ts";
import { currentTypes } from "./_current_versions.ts";
import { shortener } from "./_keys.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import { importModules, modulesFlag } from "./_modules.ts";
import type { LabContext } from "./_process.ts";
import { ProgressLine } from "./_progress_line.ts";
import { count, formatBytes, formatTime, parseSize, parseSpan } from "./_quantities.ts";
import { outputWidth, table } from "./_table.ts";
import { graceFlag } from "./verify.ts";

interface Flags extends OutputFlags {
  readonly olderThan?: number;
  readonly stale?: readonly string[];
  readonly downTo?: number;
  readonly types?: readonly string[];
  readonly grace?: number;
  readonly yes?: boolean;
}

const SHOWN = 20;
const WHY = { old: "old", stale: "stale code", cheap: "cheap" } as const;
const LEFT: Readonly<Record<Exclude<Leftover["kind"], "foreign">, string>> = {
  draft: "left by programs that died",
  replaced: "left of replaced or deleted entries",
  aside: "set aside by lab verify --repair",
};

/** `lab gc`: removes leftovers and entries by age, code version and cost, after a preview. */
export const gcCommand: Command<LabContext> = buildCommand<Flags, [], LabContext>({
  func: gc,
  parameters: {
    flags: {
      olderThan: {
        kind: "parsed",
        parse: parseSpan,
        optional: true,
        placeholder: "span",
        brief: "Entries cached longer ago: 30d, 12h, 2w",
      },
      stale: {
        ...modulesFlag,
        brief: "Entries that the task types of these modules would not use any more",
      },
      downTo: {
        kind: "parsed",
        parse: parseSize,
        optional: true,
        placeholder: "size",
        brief: "What took the fewest seconds a byte, until entries take no more: 10GB, 500MB",
      },
      types: {
        kind: "parsed",
        parse: (input: string): string => input,
        optional: true,
        variadic: ",",
        placeholder: "type",
        brief: "Of these task types only",
      },
      grace: graceFlag,
      yes: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Remove it; without it, only say what would go",
      },
      ...outputFlags,
    },
    aliases: { y: "yes" },
  },
  docs: {
    brief: "Remove what is not needed: leftovers, and results that are old, stale or cheap",
    customUsage: [
      "[--yes]",
      "--older-than span [--types type,...] [--yes]",
      "--stale module,... [--yes]",
      "--down-to size [--yes]",
    ],
    fullDescription:
      "Says what would be removed, its size, and how long it took to compute. Always: what programs\n" +
      "that died left behind, and what lab verify set aside. With flags also entries. With --yes it\n" +
      "removes them, which cannot be undone; what was replaced meanwhile stays.",
  },
});

async function gc(this: LabContext, flags: Flags): Promise<void> {
  await importModules(flags.stale ?? []);
  await using lab = await openLab(flags);
  using line = new ProgressLine();
  line.update(() => "Looking for what may go");
  const plan = await collectGarbage(storageOf(lab), {
    ...{ olderThan: flags.olderThan, downTo: flags.downTo, types: flags.types, grace: flags.grace },
    stale: flags.stale && await currentTypes(lab),
  });
  const removed = flags.yes
    ? await plan.carryOut({
      onProgress: ({ done, of }) => line.update(() => `${done} of ${of} removed`),
    })
    : undefined;
  line[Symbol.dispose]();
  const { stdout, stderr } = this.process;
  if (flags.json) {
    stdout.write(`${JSON.stringify(jsonOf(plan, removed), null, 2)}\n`);
    return;
  }
  if (!removed) stdout.write(await preview(plan));
  stdout.write(outcome(plan, removed));
  if (plan.passedOver > 0) {
    const were = count(plan.passedOver, "entry was", "entries were");
    stderr.write(`${were} passed over, torn or foreign; lab verify tells more\n`);
  }
}

async function preview({ entries, leftovers }: GarbagePlan): Promise<string> {
  const parts = [entries.length === 0 ? "" : await listing(entries)];
  for (const [kind, words] of Object.entries(LEFT)) {
    const of = leftovers.filter((leftover) => leftover.kind === kind && leftover.bytes > 0);
    const bytes = of.reduce((sum, leftover) => sum + leftover.bytes, 0);
    if (of.length > 0) parts.push(`${of.length} ${words}, ${formatBytes(bytes)}\n`);
  }
  const empty = leftovers.filter(({ bytes }) => bytes === 0).length;
  if (empty > 0) parts.push(`${empty} empty, such as the marks of programs that have ended\n`);
  const text = parts.join("");
  return text === "" ? "" : `${text}\n`;
}

async function listing(entries: readonly GarbageEntry[]): Promise<string> {
  const width = outputWidth();
  const short = width === undefined
    ? (key: string) => key
    : shortener(entries.map(({ key }) => key));
  const text = await table(
    [
      { title: "KEY" },
      { title: "TASK", flexible: true, cut: "middle" },
      { title: "WHY" },
      { title: "CACHED" },
      { title: "TOOK", align: "right" },
      { title: "SIZE", align: "right" },
    ],
    entries.slice(0, SHOWN).map(({ key, task, reason, cached, duration, bytes }) => [
      ...[short(key), task, WHY[reason], formatTime(cached)],
      ...[formatDuration(duration), formatBytes(bytes)],
    ]),
    width,
  );
  return entries.length > SHOWN ? `${text}and ${entries.length - SHOWN} more\n` : text;
}

function outcome(plan: GarbagePlan, removed: GarbageCount | undefined): string {
  const { entries, leftovers, bytes, duration, kept } = plan;
  if (entries.length + leftovers.length === 0) return "Nothing to remove\n";
  const cost = (size: number) =>
    entries.length === 0
      ? formatBytes(size)
      : `${formatBytes(size)}, ${formatDuration(duration)} of computing`;
  const stays = kept === undefined
    ? ""
    : `; ${count(kept.entries, "entry stays", "entries stay")}, ${formatBytes(kept.bytes)}`;
  if (!removed) {
    return `Would remove ${things(entries.length, leftovers.length)} (${cost(bytes)})${stays}; ` +
      "add --yes to do it\n";
  }
  const spared = removed.spared === 0
    ? ""
    : `; ${count(removed.spared, "was", "were")} replaced or used meanwhile and left`;
  return `Removed ${things(removed.entries, removed.leftovers)} (${cost(removed.bytes)})` +
    `${spared}${stays}\n`;
}

function things(entries: number, leftovers: number): string {
  const both = [
    entries > 0 ? count(entries, "entry", "entries") : "",
    leftovers > 0 ? count(leftovers, "leftover", "leftovers") : "",
  ].filter((text) => text !== "");
  return both.length === 0 ? "nothing" : both.join(" and ");
}

function jsonOf(plan: GarbagePlan, removed: GarbageCount | undefined): unknown {
  const { bytes, duration, kept, passedOver } = plan;
  return {
    entries: plan.entries.map(({ version: _, cached, ...entry }) => ({
      ...entry,
      cached: Number.isNaN(cached.getTime()) ? null : cached,
    })),
    leftovers: plan.leftovers.map(({ place, kind, bytes, since }) => ({
      ...{ place: neutralizeLine(place), kind, bytes, since },
    })),
    ...{ bytes, duration, kept: kept ?? null, passedOver, removed: removed ?? null },
  };
}
