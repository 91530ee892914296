import type { Reached } from "./row.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs tests of the repository in a process of their own, and gives how many passed. */
export async function runTests(
  paths: string | readonly string[],
  { env }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Reached> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", ...[paths].flat()],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const figure = /\d+ passed.*\d+ failed/.exec(text)?.[0] ?? "no summary";
  return { figure, problems: /\d+ passed.* \| 0 failed/.test(text) ? [] : [text] };
}
