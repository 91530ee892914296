import { assert } from "@std/assert";
import { assertNoProblems } from "./_no_problems.ts";
import { whyNoStrace } from "./_strace.ts";
import { tamperEverywhere } from "./_tracing.ts";

const reason = whyNoStrace();
const name =
  "whichever system call of a save, replacement, deletion or clearing up fails or is the last one, no entry is torn or lost";

Deno.test({
  name: reason === undefined ? name : `${name} (skipped: ${reason})`,
  ignore: reason !== undefined,
  async fn() {
    const { calls, problems, ...count } = await tamperEverywhere({ each: 15 });
    console.log(
      `${JSON.stringify(count)} at ${[...calls].join(", ")}; ${problems.length} problems`,
    );
    assertNoProblems(problems);
    assert(count.errors > 0 && count.kills > 0);
  },
});
