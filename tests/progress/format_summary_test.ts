import { assertEquals } from "@std/assert";
import { formatSummary } from "../../progress/format_summary.ts";

const summary = { tasks: 153, run: 153, cached: 0, failed: 0, skipped: 0, duration: 4100 };

Deno.test("a summary is one line that counts tasks by how they ended", () => {
  assertEquals(formatSummary(summary), "153 tasks: 153 run, 0 from cache, 0 failed in 4.1 s");
});

Deno.test("a summary names skipped and unfinished tasks where there are any", () => {
  assertEquals(
    formatSummary({ ...summary, run: 100, cached: 20, failed: 3, skipped: 10 }),
    "153 tasks: 100 run, 20 from cache, 3 failed, 10 skipped, 20 not finished in 4.1 s",
  );
});

Deno.test("a summary of one task says task", () => {
  assertEquals(
    formatSummary({ ...summary, tasks: 1, run: 0, cached: 1, duration: 3 }),
    "1 task: 0 run, 1 from cache, 0 failed in 3 ms",
  );
});
