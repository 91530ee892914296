import { RunnerError } from "../errors.ts";
import { union } from "../permissions.ts";
import type { TaskTypeInfo } from "../task.ts";
import { permissionKinds } from "./_declared_permissions.ts";
import { modulesOf } from "./_modules.ts";
import { configsOfProgram, flagsOfProgram } from "./_processes_config.ts";

const FEATURE = "worker-options";

/**
 * What a thread may touch whose tasks may touch `declared`, and which imports the modules at `urls`. All kinds
 * are named, so that none is inherited.
 */
export function threadBounds(
  declared: Deno.PermissionOptionsObject,
  urls: readonly string[],
): Deno.PermissionOptionsObject {
  const hosts = hostsOf([import.meta.url, ...urls]);
  const remote = hosts.length > 0 ? { import: hosts } : {};
  const bounds = union([{ read: modulesOf(urls) }, remote, declared]);
  return Object.fromEntries(permissionKinds().map((kind) => [kind, bounds[kind] ?? false]));
}

/** The hosts of remote modules, as far as the program may import from them. */
function hostsOf(urls: readonly string[]): string[] {
  const hosts = urls.filter((url) => /^https?:/.test(url)).map((url) => new URL(url).host);
  return [...new Set(hosts)].filter((host) =>
    Deno.permissions.querySync({ name: "import", host }).state === "granted"
  );
}

/**
 * Refuses a type that declares permissions, where Deno does not hold threads to them.
 *
 * @throws {RunnerError} Which says what to do.
 */
export function refuseUnbound(type: TaskTypeInfo): never {
  throw new RunnerError(
    `The task type ${type.taskName} declares permissions, which Deno holds threads to only where ` +
      `--unstable-${FEATURE} is set; pass that flag, or have "unstable": ["${FEATURE}"] in the deno.json of ` +
      `the program, or take the runner "processes". Where it is set, but the program may not see that (it ` +
      `takes --allow-all, or leave to read deno.json), say so by the runner's option ` +
      `"unstableWorkerOptions": true`,
  );
}

/** How the program was started. */
export interface Start {
  /** Its flags, where they can be seen. @default {the program's} */
  readonly flags?: readonly string[] | undefined;
  /** The configurations that Deno may have found, the nearest first. @default {the program's} */
  readonly configs?: Iterable<string>;
}

/**
 * Whether threads can be held to permissions, as far as can be seen. It is looked up, since trying it without
 * the flag ends the program in Deno 2.9.6.
 */
export async function canBindThreads(
  { flags = flagsOfProgram(), configs = configsOfProgram() }: Start = {},
): Promise<boolean> {
  if (flags?.includes(`--unstable-${FEATURE}`)) return true;
  const config = configIn(flags ?? []);
  if (config === false) return false;
  if (config !== undefined) return hasFeature(await readConfig(config));
  // In a workspace, what is said at its root is what counts.
  let nearest: Config | undefined;
  for (const path of configs) {
    const found = await readConfig(path);
    nearest ??= found;
    if (found?.workspace !== undefined) return hasFeature(found);
  }
  return hasFeature(nearest);
}

/** The configuration that flags name; `false` where they rule any out. */
function configIn(flags: readonly string[]): string | false | undefined {
  if (flags.includes("--no-config")) return false;
  for (const [at, flag] of flags.entries()) {
    if (flag === "-c" || flag === "--config") return flags[at + 1];
    if (flag.startsWith("--config=")) return flag.slice("--config=".length);
  }
  return undefined;
}

interface Config {
  readonly unstable?: unknown;
  readonly workspace?: unknown;
}

async function readConfig(path: string): Promise<Config | undefined> {
  try {
    const { parse } = await import("jsonc-parser");
    return parse(await Deno.readTextFile(path)) as Config | undefined;
  } catch {
    return undefined; // it may not be read
  }
}

function hasFeature(config: Config | undefined): boolean {
  return Array.isArray(config?.unstable) && config.unstable.includes(FEATURE);
}
