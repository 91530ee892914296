import { assert, assertEquals } from "@std/assert";
import { losePower } from "./_crash.ts";
import { damageFiles } from "./_damage.ts";
import { findProblem } from "./_every_check.ts";
import { fastScratch } from "./_fast_scratch.ts";
import { mutate } from "./_library.ts";
import { MUTANTS } from "./_mutants.ts";
import { testWithAll } from "./_test_with_all.ts";

testWithAll("the checks find nothing in a copy of the library that was not changed", async () => {
  using place = fastScratch();
  const copy = await mutate(place.dir, []);
  assertEquals((await damageFiles(copy, { flips: 50 })).problems, []);
  assertEquals((await losePower(copy, { perMoment: 1 })).problems, []);
});

for (const [what, { by, edits }] of Object.entries(MUTANTS)) {
  testWithAll(`the checks notice when ${what}`, async () => {
    using place = fastScratch();
    const problem = await findProblem(by, await mutate(place.dir, edits));
    assert(problem, `No check has noticed it: ${by}`);
    console.log(`${by}: ${problem}`);
  });
}
