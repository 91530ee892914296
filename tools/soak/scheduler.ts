import { CHECKS } from "../../tests/scheduler/_checks.ts";
import { killMutants } from "../../tests/scheduler/_kill_mutants.ts";
import { GENUINE } from "../../tests/scheduler/_library.ts";
import type { Row } from "./row.ts";

/** The targets of what decides when tasks run. */
export const SCHEDULER_ROWS: readonly Row[] = [
  {
    target: 18,
    wanted: "20,000 random runs of tasks that fail, wait, miss results: as the plain model says, " +
      "no limit exceeded, all end",
    async run({ scale }) {
      const runs = Math.ceil(10_000 * scale);
      const counts: string[] = [];
      const problems: string[] = [];
      for (const name of ["model", "loop"] as const) {
        try {
          const found = Object.entries(await CHECKS[name](GENUINE, { runs }));
          counts.push(`${name}: ${found.map(([what, count]) => `${count} ${what}`).join(", ")}`);
        } catch (error) {
          problems.push(`${name}: ${error}`);
        }
      }
      return { figure: `${2 * runs} runs; ${counts.join("; ")}`, problems };
    },
  },
  {
    target: 18,
    wanted: "each mutant of the scheduler is noticed",
    async run() {
      const { mutants, killed, problems } = await killMutants({ runs: 300 });
      return { figure: `${killed} of ${mutants}`, problems };
    },
  },
];
