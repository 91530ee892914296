import { assertEquals } from "@std/assert";
import type { BullJob } from "../../runners/_bullmq_package.ts";
import { RunningJobs } from "../../runners/_bullmq_running.ts";

function job(id: string, queueName = "lab.Fit"): BullJob {
  return { id, queueName } as Partial<BullJob> as BullJob;
}

function running(): { readonly jobs: RunningJobs; readonly stop: AbortController } {
  const stop = new AbortController();
  return { jobs: new RunningJobs({ worker: "one", host: "here" }, stop.signal), stop };
}

Deno.test("a job that is lost and given to the same worker again is stopped, and runs once", () => {
  const { jobs, stop } = running();
  using _ = jobs;
  const first = jobs.begin(job("a"), "run");
  const other = jobs.begin(job("b"), "run");
  // The same task may be in another queue, by other tags.
  const tagged = jobs.begin(job("a", "lab.Fit@gpu"), "run");
  const again = jobs.begin(job("a"), "run");
  assertEquals([first, other, tagged, again].map(({ signal }) => signal.aborted), [
    ...[true, false, false, false],
  ]);
  assertEquals(first.isCancelled, false);
  // What has lost its place takes nothing with it when it ends.
  first[Symbol.dispose]();
  stop.abort();
  assertEquals([other, tagged, again].every(({ signal }) => signal.aborted), true);
});

Deno.test("under a claim it goes on, and is stopped with all others, or by its run, however often it is in hand", () => {
  for (const how of ["stop", "cancel"] as const) {
    const { jobs, stop } = running();
    using _ = jobs;
    const first = jobs.begin(job("a"), "run");
    first.isFenced = true;
    assertEquals(jobs.isFenced("a"), true);
    const again = jobs.begin(job("a"), "run");
    assertEquals([first.signal.aborted, jobs.isFenced("a")], [false, false]);
    if (how === "stop") stop.abort();
    else jobs.cancel("run");
    assertEquals([first, again].map(({ signal }) => signal.aborted), [true, true]);
    assertEquals([first, again].map(({ isCancelled }) => isCancelled), [
      ...[how === "cancel", how === "cancel"],
    ]);
    again[Symbol.dispose]();
    assertEquals(jobs.isFenced("a"), true);
    first[Symbol.dispose]();
    assertEquals(jobs.isFenced("a"), false);
  }
});

Deno.test("a job of a run that was stopped, or of a worker that was, is stopped as it begins", () => {
  const { jobs, stop } = running();
  using _ = jobs;
  jobs.cancel("run");
  using late = jobs.begin(job("a"), "run");
  using another = jobs.begin(job("b"), "another run");
  assertEquals([late.isCancelled, another.signal.aborted], [true, false]);
  stop.abort();
  using last = jobs.begin(job("c"), "another run");
  assertEquals([last.signal.aborted, last.isCancelled], [true, false]);
});
