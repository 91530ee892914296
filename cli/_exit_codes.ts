import { ExitCode } from "@stricli/core";
import { ConfigError } from "../errors.ts";

/** Ctrl-C ended the command: 128 and the number of SIGINT. */
export const INTERRUPTED = 130;
/** A second SIGTERM ended the command: 128 and its number. */
export const TERMINATED = 143;
/** The command line, the configuration or a module is wrong; nothing was done. */
const MISTAKE = 2;
const FAILURE = 1;

/** The exit code for what a command threw. */
export function exitCodeFor(error: unknown): number {
  return error instanceof ConfigError ? MISTAKE : FAILURE;
}

/** The exit code of the process, from what the argument parser gives. */
export function exitCodeOf(given: number | string | null | undefined): number {
  const code = Number(given ?? 0);
  if (code >= 0) return code;
  const mistakes: readonly number[] = [ExitCode.UnknownCommand, ExitCode.InvalidArgument];
  return mistakes.includes(code) ? MISTAKE : FAILURE;
}
