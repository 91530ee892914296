import { assertEquals } from "@std/assert";
import { Lab } from "@labtech/lab";
import { WorkersRunner } from "@labtech/lab/runners";
import { ThreadLink } from "../../runners/_thread_link.ts";
import { Spoiling } from "./_clock_tasks.ts";

Deno.test("a task that spoils the clock of its thread spoils nothing of what is told of tasks", async () => {
  await using lab = new Lab({
    ...{ storage: null, runner: new WorkersRunner(), maxWorkers: 1, progress: false },
  });
  // Some results go through memory that is shared, some by messages.
  const tasks = Array.from({ length: 40 }, (_, n) => Spoiling({ n, letters: n % 2 ? 5 : 5000 }));
  assertEquals((await lab.runTasks(tasks)).size, tasks.length);
});

Deno.test("what a thread leaves in its memory is a failure where it is no outcome", async () => {
  const link = new ThreadLink({ program: new URL("./_lying_thread.ts", import.meta.url) });
  link.join({ storage: null, plugins: [], sources: [], context: {}, signing: undefined }, {
    ...{ message: () => {}, taken: () => {}, output: () => {}, died: () => {} },
  });
  while (link.outcomeAt(1) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(link.outcomeAt(0)?.kind, "failed");
  assertEquals(link.outcomeAt(1)?.kind, "done");
  await link.terminate(0);
});
