import { dirname } from "@std/path/dirname";
import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";

const FILES = ["deno.json", "deno.jsonc"];
// Flags of `deno run` that decide what an import finds, each with a value in it or after it.
const WITH_VALUE = /^(?:-c|--(?:config|import-map|lock|node-modules-dir|vendor|cert|conditions))$/;
const ALONE =
  /^--(?:(?:config|import-map|lock|node-modules-dir|vendor|cert|conditions|unstable-[\w-]+)=.*|unstable-[\w-]+|no-config|no-lock|no-npm|no-remote|cached-only|frozen|node-modules-dir|vendor)$/;

/**
 * The flags by which a child resolves imports as the program does: those that the program was started
 * with, where it may look at them; else the configuration that Deno finds for the program.
 */
export function resolutionFlags(config: string | undefined): string[] {
  const own = ownFlags();
  if (config !== undefined) {
    return ["--config", config, ...(own ?? []).filter((flag) => flag.startsWith("--unstable-"))];
  }
  if (own?.some((flag) => /^(?:-c|--config|--no-config)/.test(flag))) return own;
  const found = configOfProgram();
  return [...(own ?? []), ...(found === undefined ? [] : ["--config", found])];
}

// Only a program that may do everything may look at how it was started.
function ownFlags(): string[] | undefined {
  let args: string[];
  try {
    args = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(1);
  } catch {
    return undefined;
  }
  const flags: string[] = [];
  // The flags of the runtime stand before the program and its arguments.
  const end = Deno.args.length === 0 ? args.length : args.length - Deno.args.length;
  for (let at = 0; at < end; at++) {
    const arg = args[at]!;
    if (WITH_VALUE.test(arg) && !/^--(?:node-modules-dir|vendor)$/.test(arg)) {
      flags.push(arg, args[++at] ?? "");
    } else if (ALONE.test(arg)) flags.push(arg);
  }
  return flags;
}

function configOfProgram(): string | undefined {
  if (!Deno.mainModule.startsWith("file:")) return undefined;
  let folder = dirname(fromFileUrl(Deno.mainModule));
  for (;;) {
    const found = FILES.map((name) => join(folder, name)).find(exists);
    if (found !== undefined) return found;
    const above = dirname(folder);
    if (above === folder) return undefined;
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
