import { ACTIONS, FAULTS, injectEverywhere } from "./_injection.ts";
import { GENUINE } from "./_library.ts";
import { assertNoProblems } from "./_no_problems.ts";
import { testWithAll } from "./_test_with_all.ts";

testWithAll(
  "whichever file call fails or is the last one of a process, no entry is torn or lost, and every error before publication surfaces",
  async () => {
    const { points, surfaced, problems } = await injectEverywhere(GENUINE);
    console.log(
      `${FAULTS.join(", ")} at each file call of ${ACTIONS.join(", ")}: ${points} points, ` +
        `${surfaced} errors surfaced, ${problems.length} problems`,
    );
    assertNoProblems(problems);
  },
);
