import { type Application, proposeCompletions } from "@stricli/core";
import { neutralizeLine } from "../progress/neutralize.ts";
import { type LabContext, processContext } from "./_process.ts";

/** What comes before the words of a command line that is to be completed. */
export const COMPLETE = "complete";

/**
 * The lines that a shell offers in place of the last word: the completion and, after a tab, what it is.
 * None when nothing is known; a shell then offers files.
 */
export async function completionLines(
  application: Application<LabContext>,
  words: readonly string[],
): Promise<string> {
  // What opening a Lab says of itself must not mix with what the shell reads.
  console.log = console.info = console.debug = () => {};
  const context = processContext({
    config: valueOf("--config", words),
    lab: valueOf("--lab", words),
  });
  try {
    const found = await proposeCompletions(application, words, context);
    const wantsFlags = words.at(-1)?.startsWith("-");
    return found.filter(({ kind }) => wantsFlags || kind !== "argument:flag")
      .map(({ kind, completion, brief }) =>
        // What all values of an argument are need not be said of each.
        kind === "argument:value" ? `${completion}\n` : `${completion}\t${neutralizeLine(brief)}\n`
      ).join("");
  } catch {
    // There is no configuration, or a wrong one: that is for a command to say, not for the Tab key.
    return "";
  }
}

function valueOf(flag: string, words: readonly string[]): string | undefined {
  const at = words.lastIndexOf(flag, words.length - 3);
  if (at >= 0) return words[at + 1];
  return words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
}
