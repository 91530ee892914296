import { CHECKS, type Extent, findProblem } from "./_checks.ts";
import { GENUINE, mutate } from "./_library.ts";
import { MUTANTS } from "./_mutants.ts";

/** What the checks noticed. */
export interface KillCount {
  /** How many changes there were. */
  mutants: number;
  /** How many of them a check noticed. */
  killed: number;
  /** Those that none noticed, and what was found wrong with what was not changed. */
  readonly problems: string[];
}

/** Shows that the checks find nothing wrong with the scheduler, and something with each mutant of it. */
export async function killMutants(extent: Extent): Promise<KillCount> {
  const count: KillCount = { mutants: 0, killed: 0, problems: [] };
  for (const name of Object.keys(CHECKS) as (keyof typeof CHECKS)[]) {
    const problem = await findProblem(name, GENUINE, extent);
    if (problem !== undefined) count.problems.push(`Found by ${name}: ${problem}`);
  }
  for (const [what, { by, edit }] of Object.entries(MUTANTS)) {
    const dir = Deno.makeTempDirSync();
    try {
      const problem = await findProblem(by, await mutate(dir, [edit]), extent);
      count.mutants++;
      if (problem !== undefined) count.killed++;
      else count.problems.push(`Not noticed by ${by}: ${what}`);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  }
  return count;
}
