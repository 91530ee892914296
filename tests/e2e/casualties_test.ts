import { assertEquals } from "@std/assert";
import { killAtRandom, killPrograms, loseWorkers } from "./_casualties.ts";
import { testWith } from "./_scratch.ts";

// In full, see tools/soak.
const JOBS = 26;

for (const runner of ["processes", "workers"] as const) {
  testWith(
    "run",
    `${runner}: where every fifth job loses its worker, those fail and no other; nothing is left behind`,
    async () => {
      const { failed, problems } = await loseWorkers({ runner, jobs: JOBS });
      assertEquals(problems, []);
      assertEquals(failed, 6);
    },
  );
}

testWith(
  "run",
  "processes: jobs whose process is killed are all done where they are retried",
  async () => {
    const { lost, problems } = await killAtRandom({ jobs: JOBS, kills: 3 });
    assertEquals(problems, []);
    assertEquals(lost, 3);
  },
);

testWith(
  "run",
  "processes: a program that is killed leaves nothing behind, and goes on when started again",
  async () => {
    const { lost, problems } = await killPrograms({ jobs: JOBS, kills: 1 });
    assertEquals(problems, []);
    assertEquals(lost, 1);
  },
);
