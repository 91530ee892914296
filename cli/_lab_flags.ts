import { dirname } from "@std/path/dirname";
import { join } from "@std/path/join";
import { isPlainObject } from "../describe.ts";
import { ConfigError } from "../errors.ts";
import { Lab, type LabOptions } from "../lab.ts";
import type { Storage } from "../storages/storage.ts";
import type { LabContext } from "./_process.ts";

/** The flags by which a command finds its Lab. */
export interface LabFlags {
  /** The path of the configuration. */
  readonly config?: string;
  /** The named lab. */
  readonly lab?: string;
}

/** The same with the choice of output. */
export interface OutputFlags extends LabFlags {
  /** Whether to print JSON. */
  readonly json?: boolean;
}

const text = (input: string): string => input;

/** How {@linkcode LabFlags} are parsed and documented. */
export const labFlags = {
  config: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "path",
    brief: 'Configuration [default = nearest deno.json(c) with a key "labtech", upwards from here]',
  },
  lab: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "name",
    brief: "Named lab of the configuration",
    proposeCompletions: proposeLabs,
  },
} as const;

/** How {@linkcode OutputFlags} are parsed and documented. */
export const outputFlags = {
  json: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Print JSON on standard output",
  },
  ...labFlags,
} as const;

/** Makes the Lab that the flags name. */
export async function openLab(flags: LabFlags, override?: LabOptions): Promise<Lab> {
  const config = flags.config ?? await findConfig();
  return await Lab.fromConfig(config, { lab: flags.lab, override });
}

/** The storage of a Lab that is to be looked into. */
export function storageOf(lab: Lab): Storage {
  if (lab.storage !== null) return lab.storage;
  throw new ConfigError([{
    path: "storage",
    message: "is null, so this lab keeps nothing; choose another one by --lab or --config",
  }]);
}

const NAMES = ["deno.json", "deno.jsonc"] as const;
const KEY = "labtech";

/** The nearest configuration with settings of a Lab, from the working directory upwards. */
export async function findConfig(): Promise<string> {
  const start = Deno.cwd();
  const denied: string[] = [];
  for (let folder = start, above;; folder = above) {
    for (const name of NAMES) {
      const path = join(folder, name);
      if (await hasKey(path, denied)) return path;
    }
    above = dirname(folder);
    if (above === folder) break;
  }
  const hint = denied.length === 0
    ? `Write "${KEY}": { "storage": "results" } into your deno.json, or name a file by --config`
    : `These may not be read: ${
      denied.join(", ")
    }; run with --allow-read, or name a file by --config`;
  throw new ConfigError([{
    path: "",
    message: `There is no configuration: neither ${start} nor a folder above it has a ` +
      `${NAMES.join(" or ")} with a key "${KEY}". ${hint}`,
  }]);
}

async function hasKey(path: string, denied: string[]): Promise<boolean> {
  let json: string;
  try {
    json = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    denied.push(path);
    return false;
  }
  if (!json.includes(`"${KEY}"`)) return false;
  // Tolerant, so that a broken configuration is found, and then complained of.
  const { parse } = await import("jsonc-parser");
  const value: unknown = parse(json);
  return isPlainObject(value) && Object.hasOwn(value, KEY);
}

/** The names of labs that a configuration has, for completion. */
async function proposeLabs(this: LabContext, partial: string): Promise<string[]> {
  const path = this.completing?.config ?? await findConfig();
  const { parse } = await import("jsonc-parser");
  const whole: unknown = parse(await Deno.readTextFile(path));
  const value = isPlainObject(whole) && Object.hasOwn(whole, KEY) ? whole[KEY] : whole;
  const labs = isPlainObject(value) ? value.labs : undefined;
  return Object.keys(isPlainObject(labs) ? labs : {}).filter((name) => name.startsWith(partial));
}
