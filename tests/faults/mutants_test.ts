import { assert, assertEquals } from "@std/assert";
import { CHECK_NAMES, findProblem } from "./_every_check.ts";
import { fastScratch } from "./_fast_scratch.ts";
import { mutate } from "./_library.ts";
import { MUTANTS } from "./_mutants.ts";

Deno.test("the checks find nothing in a copy of the library that was not changed", async () => {
  using place = fastScratch();
  const copy = await mutate(place.dir, []);
  for (const check of CHECK_NAMES) assertEquals(await findProblem(check, copy), undefined);
});

for (const [what, { by, edits }] of Object.entries(MUTANTS)) {
  Deno.test(`the checks notice when ${what}`, async () => {
    using place = fastScratch();
    const problem = await findProblem(by, await mutate(place.dir, edits));
    assert(problem, `No check has noticed it: ${by}`);
    console.log(`${by}: ${problem}`);
  });
}
