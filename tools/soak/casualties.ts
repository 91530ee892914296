import {
  type Casualties,
  killAtRandom,
  killPrograms,
  loseWorkers,
} from "../../tests/e2e/_casualties.ts";
import type { Reached, Row } from "./row.ts";

const JOBS = 500;
/** One in five. */
const PART = 0.2;
const PROGRAMS = 20;

function reached(what: string, { lost, failed, processes, problems }: Casualties): Reached {
  const ended = processes === 1 ? "" : `; ${processes} processes, all of which ended`;
  return { figure: `${lost} ${what}, ${failed} jobs failed of it${ended}`, problems };
}

/** The targets of workers that are killed, end or hang. */
export const CASUALTY_ROWS: readonly Row[] = [
  {
    target: 17,
    wanted: "processes: 20% of 500 jobs have their process killed: those fail, all others are done",
    run: async ({ scale }) =>
      reached("killed", await loseWorkers({ runner: "processes", jobs: Math.ceil(JOBS * scale) })),
  },
  {
    target: 17,
    wanted: "workers: 20% of 500 jobs end their thread or hang: those fail, all others are done",
    run: async ({ scale }) =>
      reached(
        "ended or hung",
        await loseWorkers({ runner: "workers", jobs: Math.ceil(JOBS * scale) }),
      ),
  },
  {
    target: 17,
    wanted: "processes: 100 kills at random over 500 jobs that are retried: all are done",
    async run({ scale }) {
      const jobs = Math.ceil(JOBS * scale);
      return reached("killed", await killAtRandom({ jobs, kills: Math.ceil(jobs * PART) }));
    },
  },
  {
    target: 17,
    wanted: "the program itself killed: no process is left, and the next run completes",
    run: async ({ scale }) =>
      reached("programs", await killPrograms({ jobs: 100, kills: Math.ceil(PROGRAMS * scale) })),
  },
];
