/**
 * Runs the tests on the real `@std` packages in place of the stand-ins in `offline/std`: from JSR,
 * or from a checkout of the standard library given as the one argument. What follows `--` goes to
 * `deno test`.
 *
 * @module
 */
import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import { resolve } from "@std/path/resolve";
import config from "../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("..", import.meta.url));

/** Packages of a checkout that the used ones import in turn. */
const packages = ["assert", "async", "data-structures", "fs", "internal", "path", "testing"];

function makeConfig(checkout: string | undefined): object {
  const workspace = config.workspace.filter((member) => !member.includes("offline/"));
  const links = checkout === undefined
    ? []
    : packages.map((name) => resolve(checkout, name.replaceAll("-", "_")));
  const { exclude = [] } = config as { exclude?: string[] };
  const base = { ...config, workspace, exclude: [...exclude, "offline"] };
  return links.length > 0 ? { ...base, links } : base;
}

function readArguments(args: readonly string[]): { checkout?: string; flags: string[] } {
  const at = args.indexOf("--");
  const own = at < 0 ? args : args.slice(0, at);
  const flags = at < 0 ? [] : args.slice(at + 1);
  if (own.length > 1) throw new Error(`Give at most one checkout, not ${own.length}: ${own}`);
  return { checkout: own[0], flags };
}

async function runTests(): Promise<number> {
  const { checkout, flags } = readArguments(Deno.args);
  // Relative paths in a configuration start at its own directory, so it lies in the root.
  const path = join(root, `.deno-std-${crypto.randomUUID()}.json`);
  // The same versions of other packages; what it says of the stand-ins is no longer true in the copy.
  const lock = `${path}.lock`;
  const survive = () => {};
  Deno.addSignalListener("SIGINT", survive);
  try {
    await Deno.writeTextFile(path, JSON.stringify(makeConfig(checkout)));
    await Deno.copyFile(join(root, "tests/deno.lock"), lock);
    const args = ["test", "--config", path, "--lock", lock, "--doc", "-A", ...flags];
    const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).spawn().status;
    return code;
  } finally {
    Deno.removeSignalListener("SIGINT", survive);
    for (const made of [path, lock]) await Deno.remove(made).catch(() => {});
  }
}

Deno.exit(await runTests());
