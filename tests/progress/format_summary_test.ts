import { assertEquals } from "@std/assert";
import { formatSlowest, formatSummary } from "../../progress/format_summary.ts";

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

Deno.test("a summary tells what the cache saved, where that is a second or more", () => {
  const cached = { ...summary, run: 0, cached: 153 };
  assertEquals(
    formatSummary({ ...cached, saved: 4_380_000 }),
    "153 tasks: 0 run, 153 from cache, 0 failed in 4.1 s; the cache saved 1 h 13 min",
  );
  assertEquals(formatSummary({ ...cached, saved: 999 }), formatSummary(cached));
});

Deno.test("the slowest tasks are told in columns, on a line each", () => {
  const slowest = [["Fit(depth=8)", 12_300], ["Fit(depth=2,\nfold=1)", 900]] as const;
  const tasks = slowest.map(([text, duration], n) => ({
    task: { id: `Fit__${n}`, type: "Fit", text },
    duration,
  }));
  assertEquals(formatSlowest({ ...summary, slowest: tasks }), [
    "Slowest:",
    "  12.3 s  Fit(depth=8)",
    "  900 ms  Fit(depth=2, fold=1)",
  ]);
});

Deno.test("no slowest tasks are told of quick ones, nor of a single one", () => {
  const slow = { task: { id: "a", type: "a", text: "a" }, duration: 5000 };
  assertEquals(formatSlowest(summary), []);
  assertEquals(formatSlowest({ ...summary, slowest: [{ ...slow, duration: 999 }] }), []);
  assertEquals(formatSlowest({ ...summary, run: 1, slowest: [slow] }), []);
});
