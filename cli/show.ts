import { buildCommand, type Command } from "@stricli/core";
import type { EntryMetadata } from "../caches/metadata.ts";
import { CacheError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { formatDuration } from "../progress/format_duration.ts";
import { neutralize, neutralizeKeepingColor, neutralizeLine } from "../progress/neutralize.ts";
import { caches } from "../registry.ts";
import { taskFromJson } from "../serialize.ts";
import { createTask, type Task, type TaskTypeInfo } from "../task.ts";
import { versionText } from "./_code_version.ts";
import { jsonOf } from "./_json_value.ts";
import { keyArgument, resolveKeys } from "./_keys.ts";
import { openLab, type OutputFlags, outputFlags, storageOf } from "./_lab_flags.ts";
import { importModules, modulesFlag } from "./_modules.ts";
import type { LabContext } from "./_process.ts";
import { formatAge, formatBytes, formatTime } from "./_quantities.ts";
import { shownSigner, type Signer, signerText } from "./_signer.ts";
import { ownRecord } from "../maintenance/own_record.ts";
import { readEntry, type StoredEntry } from "../maintenance/stored_entries.ts";

interface Flags extends OutputFlags {
  readonly result?: boolean;
  readonly modules?: readonly string[];
}

const SHOWN = 20;

/** `lab show`: tells all about one entry. */
export const showCommand: Command<LabContext> = buildCommand<Flags, [string], LabContext>({
  func: show,
  parameters: {
    flags: {
      result: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Load the result, and print it too",
      },
      modules: {
        ...modulesFlag,
        brief: "Modules to import first, for classes that results hold",
      },
      ...outputFlags,
    },
    aliases: { m: "modules" },
    positional: { kind: "tuple", parameters: [keyArgument] },
  },
  docs: {
    brief: "Show one result: its task, when and where it was computed, its files",
    customUsage: ["[flags] <key>"],
    fullDescription:
      "Shows one entry of the storage: the task with those nested in it, when, how long and on what\n" +
      "it ran, and its files. With --result, the result is loaded and printed as well.",
  },
});

async function show(this: LabContext, flags: Flags, given: string): Promise<void> {
  await importModules(flags.modules ?? []);
  await using lab = await openLab(flags);
  const storage = storageOf(lab);
  const [key] = await resolveKeys(storage, [given]);
  const record = ownRecord(key!);
  if (record === "run") {
    throw new CacheError(`${key} is the record of a run; lab runs ${key} shows it`);
  }
  if (record === "code") {
    throw new CacheError(
      `${key} says what a code version was made of; lab explain tells by it what changed`,
    );
  }
  const entry = await readEntry(storage, key!);
  if (typeof entry === "string") {
    throw new CacheError(
      entry === "torn"
        ? `The entry ${key} is damaged and counts as not there; lab rm ${key} removes it`
        : `The entry ${key} has no metadata of its own: something else than this library made it`,
    );
  }
  const signature = await shownSigner(lab, entry.entry);
  const result = flags.result ? { value: await resultOf(lab, entry) } : undefined;
  const { stdout } = this.process;
  if (flags.json) {
    const shown = result && await jsonOf(result.value);
    stdout.write(
      `${
        JSON.stringify({ ...entry.metadata, bytes: entry.bytes, signature, ...shown }, null, 2)
      }\n`,
    );
    return;
  }
  stdout.write(description(entry, signature));
  if (result) stdout.write(`\nresult:\n${indented(inspected(result.value))}`);
}

function description(entry: StoredEntry, signature: Signer | undefined): string {
  const { metadata, task, nested, text, bytes, cached } = entry;
  const files = [...entry.entry.files].map(([name, size]) => `${name} (${formatBytes(size)})`);
  const fields: [string, string][] = [
    ["key", metadata.key],
    ["id", task.id],
    ["code version", task.codeVersion ?? "none"],
    ["cache", `${metadata.cache.name}, format ${metadata.cache.version}`],
    ["started", formatTime(new Date(metadata.start))],
    ["took", formatDuration(metadata.duration)],
    ["cached", `${formatTime(cached)} (${formatAge(cached, Date.now())})`],
    ["on", environmentText(metadata)],
    ...signature ? [["signed by", signerText(signature)] satisfies [string, string]] : [],
    ...originOf(metadata),
    ["files", `${files.join(", ")}; ${formatBytes(bytes)} together`],
  ];
  const width = Math.max(...fields.map(([name]) => name.length)) + 2;
  return [
    `${text}\n\n`,
    ...fields.map(([name, value]) => `${name.padEnd(width)}${neutralizeLine(value)}\n`),
    `\nparams:\n${indented(inspected(task.params))}`,
    nested.length > 0 ? `\nnested tasks (${nested.length}):\n` : "",
    ...nested.slice(0, SHOWN).map((task) => {
      const version = task.codeVersion === undefined ? "" : `, code version ${task.codeVersion}`;
      return `  ${task}${neutralizeLine(version)}\n`;
    }),
    nested.length > SHOWN ? `  and ${nested.length - SHOWN} more (--json)\n` : "",
  ].join("");
}

/** How the result came to lie here, where it was not computed for this key. */
function originOf({ accepted = [], migrated = [] }: EntryMetadata): [string, string][] {
  const day = (at: string) => formatTime(new Date(at));
  return [
    ...migrated.map(({ task, key, at }): [string, string] => [
      "migrated",
      `${day(at)} from ${task}, ${key}`,
    ]),
    ...accepted.map(({ type, from, to, why, at }): [string, string] => [
      "accepted",
      `${day(at)} ${type} ${versionText(from)} → ${versionText(to)}: ${why}`,
    ]),
  ];
}

function environmentText({ environment }: EntryMetadata): string {
  const { labtech, deno, target, host, commit } = Object(environment) as Record<string, unknown>;
  return [
    target,
    deno && `Deno ${deno}`,
    labtech && `labtech ${labtech}`,
    commit && `commit ${String(commit).slice(0, 12)}`,
    host && `host ${host}`,
  ].filter((part) => part).join(", ") || "unknown";
}

/** Loads a result by the cache that wrote it. The types of the tasks need not be known. */
async function resultOf(lab: Lab, { metadata }: StoredEntry): Promise<unknown> {
  const { key, cache: { name } } = metadata;
  const cache = lab.cache.name === name
    ? lab.cache
    : caches.create(name, { path: `cache of ${key}` });
  const task = taskFromJson<Task>(
    metadata.task,
    (taskName, codeVersion, params) => createTask(typeNamed(taskName), params, codeVersion),
  )!;
  const problems: string[] = [];
  const report = (problem: string) => problems.push(problem);
  const { signing } = lab;
  if (signing && !cache.honoursSigning) {
    throw new CacheError(
      `The cache "${name}" checks no signatures, and the configuration wants them`,
    );
  }
  const result = await cache.load(lab.storage!, key, task, { report, signing });
  if (result !== undefined) return result.value;
  throw new CacheError(problems.join("\n") || `The result of the entry ${key} cannot be loaded`);
}

function typeNamed(taskName: string): TaskTypeInfo {
  return {
    taskName,
    codeVersion: undefined,
    cache: undefined,
    maxParallel: Infinity,
    module: undefined,
  };
}

// Strings are quoted and so without escape sequences, but not keys, symbols and error messages.
function inspected(value: unknown): string {
  const colors = Deno.stdout.isTerminal() && !Deno.noColor;
  const text = Deno.inspect(value, {
    colors,
    depth: 20,
    iterableLimit: 1000,
    strAbbreviateSize: 1e5,
  });
  return colors ? neutralizeKeepingColor(text) : neutralize(text);
}

function indented(text: string): string {
  return text.split("\n").map((line) => `  ${line}\n`).join("");
}
