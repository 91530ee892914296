import { assert } from "@std/assert";
import { assertNoProblems } from "./_no_problems.ts";
import { whyNoStrace } from "./_strace.ts";
import { tamperEverywhere } from "./_tracing.ts";
import { tamperWithDatabase } from "./_tracing_sqlite.ts";

const reason = whyNoStrace();

/** What is tried, and which one of so many points of a full run. */
const TRIALS = {
  "whichever system call of a save, replacement, deletion or clearing up fails or is the last one, no entry is torn or lost":
    () => tamperEverywhere({ each: 15 }),
  "whichever system call SQLite makes for a save, replacement or deletion fails or is the last one, no entry is torn or lost":
    () => tamperWithDatabase({ each: 60 }),
};

for (const [name, tamper] of Object.entries(TRIALS)) {
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    async fn() {
      const { calls, problems, ...count } = await tamper();
      console.log(
        `${JSON.stringify(count)} at ${[...calls].join(", ")}; ${problems.length} problems`,
      );
      assertNoProblems(problems);
      assert(count.errors > 0 && count.kills > 0);
    },
  });
}
