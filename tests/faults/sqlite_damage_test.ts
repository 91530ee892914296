import { assert } from "@std/assert";
import { assertNoProblems } from "./_no_problems.ts";
import { damageDatabase } from "./_sqlite_damage.ts";

Deno.test("a flipped bit of a database never gives a wrong value: each entry is right, a miss, or a StorageError", async () => {
  const { problems, ...count } = await damageDatabase({ flips: 300 });
  console.log(`${JSON.stringify(count)}, ${problems.length} problems`);
  assertNoProblems(problems);
  assert(count.misses > 0 && count.right > 0 && count.refused > 0);
});
