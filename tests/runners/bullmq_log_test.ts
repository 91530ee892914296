import { assertEquals } from "@std/assert";
import { JobLog } from "../../runners/_bullmq_log.ts";
import type { BullJob } from "../../runners/_bullmq_package.ts";

/** Longer than lines are kept together, in ms. */
const LONGER = 150;

interface Sent {
  readonly rows: readonly unknown[];
  readonly lost?: number;
}

Deno.test("while a broker is away no more is kept of a log than it carries at once, and the rest is counted", async () => {
  const sent: Sent[] = [];
  const there = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const job = {
    updateProgress(message: Sent) {
      sent.push(message);
      first.resolve();
      return there.promise;
    },
  } as unknown as BullJob;
  const log = new JobLog(job, { worker: "one", host: "here" });
  log.add("info", "line 0", 0);
  await first.promise;
  for (let n = 1; n <= 300; n++) {
    if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, LONGER));
    log.add("info", `line ${n}`, n);
  }
  const flushed = log.flush();
  there.resolve();
  await flushed;
  assertEquals(sent.map(({ rows, lost }) => [rows.length, lost]), [[1, undefined], [100, 200]]);
  // It goes on as before.
  log.add("info", "the last", 0);
  await log.flush();
  assertEquals(sent.at(-1)?.rows, [["info", "the last", 0]]);
  await log.flush();
  assertEquals(sent.length, 3);
});
