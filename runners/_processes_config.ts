import { dirname } from "@std/path/dirname";
import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";

const FILES = ["deno.json", "deno.jsonc"];
// Flags of `deno run` that decide what an import finds, each with a value in it or after it.
const WITH_VALUE = /^(?:-c|--(?:config|import-map|cert|conditions))$/;
const ALONE =
  /^--(?:(?:config|import-map|lock|node-modules-dir|vendor|cert|conditions|v8-flags)=.*|unstable-[\w-]+|no-config|no-lock|no-npm|no-remote|cached-only|frozen|node-modules-dir|vendor)$/;

const LOCKFILE = "deno.lock";
const V8_FLAGS = "--v8-flags=";

/** How a child is to be like the program, beside its permissions. */
export interface Likeness {
  /** The path of the configuration. @default {the program's} */
  readonly config?: string | undefined;
  /** Flags of V8 beside the program's. @default none */
  readonly v8Flags?: readonly string[];
}

/**
 * The flags by which a child resolves imports as the program does, and runs on V8 as it does: those that
 * the program was started with, where it may look at them; else the configuration that Deno finds for the
 * program.
 */
export function likenessFlags({ config, v8Flags = [] }: Likeness): string[] {
  const all = flagsOfProgram() ?? [];
  const ofV8 = all.filter((flag) => flag.startsWith(V8_FLAGS)).map((flag) =>
    flag.slice(V8_FLAGS.length)
  ).concat(v8Flags);
  const own = all.filter((flag) => !flag.startsWith(V8_FLAGS));
  return [
    ...(config === undefined ? own : own.filter((flag) => flag.startsWith("--unstable-"))),
    ...configFlags(config, own),
    ...(ofV8.length === 0 ? [] : [V8_FLAGS + ofV8.join(",")]),
  ];
}

function configFlags(config: string | undefined, own: readonly string[]): string[] {
  if (config !== undefined) return ["--config", config];
  if (own.some((flag) => /^(?:-c|--config|--no-config)/.test(flag))) return [];
  const found = configOfProgram();
  return found === undefined ? [] : ["--config", found];
}

/**
 * The flags that decide what imports find and how V8 runs, and those of unstable features; `undefined` where
 * they cannot be seen: only a program that may do everything may look at how it was started.
 */
export function flagsOfProgram(): string[] | undefined {
  let args: string[];
  try {
    args = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(1, -1);
  } catch {
    return undefined;
  }
  const flags: string[] = [];
  // The flags of the runtime stand before the program and its arguments.
  const end = args.length - Deno.args.length;
  for (let at = 0; at < end; at++) {
    const arg = args[at]!;
    if (WITH_VALUE.test(arg)) flags.push(arg, args[++at] ?? "");
    // Its value may be left out: what follows it in a child must not be taken for that.
    else if (arg === "--lock") flags.push(`--lock=${isWord(args[at + 1]) ? args[++at] : LOCKFILE}`);
    else if (ALONE.test(arg)) flags.push(arg);
  }
  return flags;
}

function isWord(arg: string | undefined): boolean {
  return arg !== undefined && !arg.startsWith("-");
}

function configOfProgram(): string | undefined {
  return configsOfProgram().next().value;
}

/** The paths of the configurations in and above the folder of the program, the nearest first. */
export function* configsOfProgram(): Generator<string, undefined> {
  if (!Deno.mainModule.startsWith("file:")) return;
  let folder = dirname(fromFileUrl(Deno.mainModule));
  for (;;) {
    const found = FILES.map((name) => join(folder, name)).find(exists);
    if (found !== undefined) yield found;
    const above = dirname(folder);
    if (above === folder) return;
    folder = above;
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false; // or it may not be looked at
  }
}
