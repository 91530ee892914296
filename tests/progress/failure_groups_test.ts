import { assertEquals } from "@std/assert";
import { FailureGroups, reasonOf } from "../../progress/failure_groups.ts";
import { formatFailures } from "../../progress/format_failures.ts";
import { label } from "./_events.ts";

Deno.test("failures that differ in numbers and quotes only are told together, the most first", () => {
  const groups = new FailureGroups();
  groups.add(label("Hang", 1), new Error("too long"));
  for (let n = 0; n < 60; n++) {
    groups.add(label("Fit", n), new RangeError(`no tree of depth ${n} in "${n}"`));
  }
  assertEquals(formatFailures(groups), [
    "Failed:",
    '  60 tasks of Fit: RangeError: no tree of depth 0 in "0" (first: Fit(n=0))',
    "  Hang(n=1): Error: too long",
  ]);
});

Deno.test("where all fail in ways of their own, ten are told and the others counted", () => {
  const groups = new FailureGroups();
  const words = (n: number) =>
    String.fromCharCode(...String(n).split("").map((d) => 97 + Number(d)));
  for (let n = 0; n < 300; n++) groups.add(label("Fit", n), new Error(words(n)));
  const lines = formatFailures(groups);
  assertEquals(lines.length, 12);
  assertEquals(lines.at(-1), "  290 others, each in its own way");
  assertEquals(groups.total, 300);
});

Deno.test("a reason is one line, with the root of it where that says more", () => {
  const task = label("Fit", 1);
  const root = new TypeError("x is not a function");
  assertEquals(
    reasonOf(new Error("fit failed\nat", { cause: root }), task),
    "Error: fit failed, caused by TypeError: x is not a function",
  );
  assertEquals(
    reasonOf(new Error("failed: x is not a function", { cause: root }), task),
    "Error: failed: x is not a function",
  );
  assertEquals(reasonOf("thrown text", task), "thrown text");
  // The task is named before it.
  assertEquals(reasonOf(new Error("Fit(n=1) took too long"), task), "Error: took too long");
  const round = new Error("round");
  round.cause = round;
  assertEquals(reasonOf(round, task), "Error: round");
});
