import { assertEquals, assertRejects } from "@std/assert";
import { Intake } from "../../runners/_bullmq_intake.ts";
import type { BrokerLink } from "../../runners/_bullmq_link.ts";
import type { BullJob, BullProcessor } from "../../runners/_bullmq_package.ts";

/** Lets all go on that can. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("a job that is in hand twice is over, for BullMQ, when its later time is: that one's hold is renewed", async () => {
  let take: BullProcessor | undefined;
  const worker = { on: () => {}, close: () => Promise.resolve(), concurrency: 1 };
  const link = {
    worker(_name: string, processor: BullProcessor) {
      take = processor;
      return worker;
    },
    whileAnswered: (work: Promise<unknown>) => work,
  } as unknown as BrokerLink;
  const times: PromiseWithResolvers<{ kind: "cancelled"; worker: string; host: string }>[] = [];
  const intake = new Intake(link, {
    ...{ queues: ["lab.Fit"], concurrency: 2, lease: 30_000, maxStalls: 3, name: "one" },
    process: () => {
      const time = Promise.withResolvers<{ kind: "cancelled"; worker: string; host: string }>();
      times.push(time);
      return time.promise;
    },
    lost: () => {},
    drop: () => {},
  });
  const over: string[] = [];
  const begin = (id: string, name: string) => {
    const job = { id, data: {} } as unknown as BullJob;
    const taken = take!(job, name, new AbortController().signal);
    taken.catch(() => {}).then(() => over.push(name));
    return taken;
  };
  const first = begin("a", "first");
  const other = begin("b", "other");
  const second = begin("a", "second");
  times[0]!.reject(new Error("it was lost"));
  times[1]!.resolve({ kind: "cancelled", worker: "one", host: "here" });
  await other;
  await settle();
  assertEquals(over, ["other"]);
  const third = begin("a", "third");
  times[2]!.reject(new Error("it was lost, too"));
  await settle();
  assertEquals(over, ["other"]);
  const closing = intake.close();
  times[3]!.resolve({ kind: "cancelled", worker: "one", host: "here" });
  assertEquals(await third, { kind: "cancelled", worker: "one", host: "here" });
  await assertRejects(() => first, Error, "it was lost");
  await assertRejects(() => second, Error, "too");
  await closing;
  // Begun once more, nothing of the earlier times is waited for.
  const last = begin("a", "last");
  times[4]!.resolve({ kind: "cancelled", worker: "one", host: "here" });
  await last;
});
