import { losePower } from "./_crash.ts";
import { damageFiles } from "./_damage.ts";
import { injectEverywhere } from "./_injection.ts";
import type { Library } from "./_library.ts";

/** The checks, each as small as it may be to notice what it is there for, and stopped by the first find. */
const CHECKS = {
  damage: (library: Library) => damageFiles(library, { flips: 100, enough: 1 }),
  "loss of power": (library: Library) => losePower(library, { perMoment: 4, enough: 1 }),
  injection: (library: Library) => injectEverywhere(library, { enough: 1 }),
  "injection into clearing up": (library: Library) =>
    injectEverywhere(library, { enough: 1, actions: ["clear up"] }),
  "injection into setting aside": (library: Library) =>
    injectEverywhere(library, { enough: 1, actions: ["set aside"] }),
} as const;

/** The name of a check. */
export type CheckName = keyof typeof CHECKS;

/** Gives the first thing that a check finds wrong. */
export async function findProblem(check: CheckName, library: Library): Promise<string | undefined> {
  return (await CHECKS[check](library)).problems[0];
}
