import { losePower } from "./_crash.ts";
import { damageFiles } from "./_damage.ts";
import { GENUINE } from "./_library.ts";
import { assertNoProblems } from "./_no_problems.ts";
import { testWithAll } from "./_test_with_all.ts";

testWithAll(
  "whatever a loss of power leaves, no value is wrong, and none is lost that was synced",
  async () => {
    const { problems, ...count } = await losePower(GENUINE, { perMoment: 3 });
    console.log(`${JSON.stringify(count)}, ${problems.length} problems`);
    assertNoProblems(problems);
  },
);

Deno.test("every flipped bit of a stored file makes its entry a miss, as do files cut or gone", async () => {
  const { problems, ...count } = await damageFiles(GENUINE, { flips: 300 });
  console.log(`${JSON.stringify(count)}, ${problems.length} problems`);
  assertNoProblems(problems);
});
