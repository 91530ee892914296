/**
 * The command line: runs tasks, and looks after their results. Best made a task of the project's
 * `deno.json`, so that its imports and its version of this library hold:
 *
 * ```json
 * { "tasks": { "lab": "deno run -A @labtech/lab/cli" } }
 * ```
 *
 * `deno task lab --help` tells the rest.
 *
 * @module
 */

import { run } from "@stricli/core";
import { application } from "./_application.ts";
import { COMPLETE, completionLines } from "./_complete.ts";
import { exitCodeOf } from "./_exit_codes.ts";
import { processContext } from "./_process.ts";

/**
 * Carries out one command line, on the streams of this process.
 *
 * @param args The words after the name of the program.
 * @returns The exit code: 0 when all is done, 1 on failure, 2 when nothing was done because the command
 *   line, the configuration or a module is wrong, 130 after Ctrl-C.
 */
export async function main(args: readonly string[]): Promise<number> {
  const context = processContext();
  if (args[0] === COMPLETE) {
    const words = args.slice(args[1] === "--" ? 2 : 1);
    context.process.stdout.write(await completionLines(application, words));
    return 0;
  }
  await run(application, args, context);
  return exitCodeOf(context.process.exitCode);
}

// Modules that were imported may hold what would keep the process alive.
if (import.meta.main) Deno.exit(await main(Deno.args));
