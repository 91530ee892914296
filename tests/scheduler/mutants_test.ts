import { assert } from "@std/assert";
import { testWithAll } from "../faults/_test_with_all.ts";
import { assertNoProblems } from "../faults/_no_problems.ts";
import { killMutants } from "./_kill_mutants.ts";

testWithAll(
  "the properties of the scheduler notice every change that breaks a promise",
  async () => {
    const { mutants, killed, problems } = await killMutants({ runs: 150 });
    console.log(`${killed} of ${mutants}`);
    assertNoProblems(problems);
    assert(mutants > 70);
  },
);
