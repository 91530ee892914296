import { assertEquals, assertLessOrEqual } from "@std/assert";
import { PlainDisplay } from "../../progress/_plain_display.ts";
import type { PlainDisplayOptions } from "../../progress/_plain_display.ts";
import * as on from "./_events.ts";

const { label, START } = on;

function open(
  options: Partial<PlainDisplayOptions> = {},
): { display: PlainDisplay; lines: () => string[] } {
  let written = "";
  const output = { terminal: false, write: (text: string) => void (written += text) };
  const defaults = { shows: "progress", logLevel: "info", color: false } as const;
  const display = new PlainDisplay({ output, now: () => START + 2000, ...defaults, ...options });
  return { display, lines: () => written.split("\n").slice(0, -1) };
}

Deno.test("plain progress is a line for each type that changed, and a summary", () => {
  const { display, lines } = open();
  for (const event of on.middleOfAStudy()) display.handle(event);
  const summary = { tasks: 182, run: 41, cached: 20, failed: 2, skipped: 1, duration: 42_000 };
  display.handle({ kind: "ended", at: START + 42_000, summary });
  display[Symbol.dispose]();
  assertEquals(lines(), [
    "LoadAndSplit: 1/1 (100%), 1.2/s, in 850 ms",
    "FitAndScore: 21/150 (14%), 20 cached, 2.1/min, 1 h 00 min left, after 29 s",
    "Aggregate: 0/30 (0%)",
    "Rank: 0/1 (0%)",
    "[FitAndScore(n=60)] failed: TypeError: no",
    "[FitAndScore(n=61)] failed: TypeError: no",
    "FitAndScore: 62/150 (41%), 20 cached, 2 failed, 1.1/s, 1 min 24 s left, after 41 s",
    "Aggregate: 0/30 (0%), 1 skipped",
    "Failed:",
    "  2 tasks of FitAndScore: TypeError: no (first: FitAndScore(n=60))",
    "182 tasks: 41 run, 20 from cache, 2 failed, 1 skipped, 118 not finished in 42.0 s",
  ]);
});

Deno.test("a long run with many tasks takes few lines", () => {
  const { display, lines } = open();
  const tasks = 100_000;
  display.handle(on.planned("Fit", tasks));
  // Eight hours.
  for (let n = 0; n < tasks; n++) display.handle(on.cached(label("Fit", n), START + n * 288));
  display[Symbol.dispose]();
  assertLessOrEqual(lines().length, 200);
});

Deno.test("a task that takes long is named, lest the run be taken to stand still", () => {
  const { display, lines } = open();
  display.handle(on.planned("Fit", 9));
  display.handle(on.started(label("Fit", 0)));
  for (let n = 1; n < 9; n++) display.handle(on.started(label("Fit", n), START + n * 20_000));
  assertEquals(lines(), [
    "Fit: 0/9 (0%), after 20 s",
    "8 running, the longest for 2 min 20 s: Fit(n=0)",
  ]);
  display[Symbol.dispose]();
});

Deno.test("log lines are written at once, whole, with label and level, and without colour", () => {
  const { display, lines } = open();
  const task = label("Fit", 1, `Fit(${"x".repeat(150)})`);
  display.handle(on.logged("one\n\x1b[31mtwo", { task, level: "warn" }));
  display.handle(on.logged("of the library"));
  display.handle(on.logged("detail", { level: "debug" }));
  assertEquals(lines(), [
    `[${task.text}] warning: one`,
    `[${task.text}] warning: two`,
    "of the library",
  ]);
  display[Symbol.dispose]();
});

Deno.test("where progress is off, only log lines are written", () => {
  const { display, lines } = open({ shows: "logs" });
  for (const event of on.middleOfAStudy()) display.handle(event);
  display.handle(on.logged("slow disk", { level: "warn" }));
  display[Symbol.dispose]();
  assertEquals(lines(), ["warning: slow disk"]);
});

Deno.test("a reader that is gone does not fail the run", () => {
  let calls = 0;
  const write = () => {
    calls++;
    throw new Deno.errors.BrokenPipe("gone");
  };
  const { display } = open({ output: { terminal: false, write } });
  display.handle(on.logged("one"));
  display.handle(on.logged("two"));
  display[Symbol.dispose]();
  assertEquals(calls, 1);
});
