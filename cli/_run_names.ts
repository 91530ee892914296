import { ConfigError } from "../errors.ts";
import type { StoredRun } from "../runs/find_runs.ts";
import { RUN_PREFIX } from "../runs/run_key.ts";
import { openLab } from "./_lab_flags.ts";
import type { LabContext } from "./_process.ts";

const SHOWN = 5;
const LATEST = "latest";
/** How many digits of a run's id stand in its key, and how many it has with its dashes. */
const DIGITS = 8;
const UUID = 36;

/** How a run is parsed and documented. */
export const runArgument = {
  parse: (input: string): string => input,
  placeholder: "run",
  optional: true,
  brief:
    "latest, or the beginning of a run's id or of its time (such as 20261123); all if left out",
  proposeCompletions: proposeRuns,
} as const;

/**
 * Finds the run that is meant.
 *
 * @throws {ConfigError} When there is none, or more than one.
 */
export function runNamed(runs: readonly StoredRun[], given: string): StoredRun {
  const [latest] = runs;
  if (given === LATEST && latest !== undefined) return latest;
  const found = runs.filter(({ key }) => isMeant(key, given.toLowerCase()));
  if (found.length === 1) return found[0]!;
  const quoted = JSON.stringify(given);
  if (found.length === 0) {
    throw mistake(`There is no record of a run ${quoted}; lab runs lists those that there are`);
  }
  const shown = found.slice(0, SHOWN).map(({ key }) => `\n  ${key}`).join("");
  const more = found.length > SHOWN ? `\n  and ${found.length - SHOWN} more` : "";
  throw mistake(
    `${quoted} is the beginning of ${found.length} runs; write more of it:${shown}${more}`,
  );
}

function isMeant(key: string, text: string): boolean {
  if (text === "") return false;
  const id = key.slice(-DIGITS);
  const isWholeId = text.length === UUID && text.startsWith(`${id}-`);
  return isWholeId || id.startsWith(text) || key.startsWith(text) ||
    key.startsWith(RUN_PREFIX + text.replaceAll(/[-:.]/g, ""));
}

/** The runs that a storage has records of, for completion. */
async function proposeRuns(this: LabContext, partial: string): Promise<string[]> {
  await using lab = await openLab(this.completing ?? {});
  const ids = (await lab.runs()).map(({ key }) => key.slice(-DIGITS));
  return [LATEST, ...ids].filter((id) => id.startsWith(partial));
}

function mistake(message: string): ConfigError {
  return new ConfigError([{ path: "", message }]);
}
