import { assert, assertEquals, assertThrows } from "@std/assert";
import { RunnerError } from "@labtech/lab/runners/bullmq";
import { readProgress, readReturned } from "../../runners/_bullmq_messages.ts";
import { readPayload } from "../../runners/_bullmq_payload.ts";
import { queueName, splitQueueName } from "../../runners/_bullmq_queues.ts";

const NAME = { worker: "w", host: "h" };
const HUGE = "x".repeat(100_000);

Deno.test("what a worker tells is cut to what one may tell, whoever it is", () => {
  const rows = Array.from({ length: 1000 }, () => ["info", HUGE, 1]);
  const logs = readProgress({ kind: "logs", ...NAME, rows, lost: 3 });
  assert(logs?.kind === "logs");
  assertEquals([logs.rows.length, logs.lost], [100, 3]);
  assert(logs.rows.every(([, text]) => text.length < 10_000));

  const refused = readProgress({ kind: "refused", why: HUGE, since: 1, worker: HUGE, host: HUGE });
  assert(refused?.kind === "refused");
  assert(refused.why.length < 10_000 && refused.worker.length === 100);

  let error: object = { name: HUGE, message: HUGE, stack: HUGE };
  for (let depth = 0; depth < 1000; depth++) error = { ...error, cause: error };
  const failed = readProgress({ kind: "error", ...NAME, error });
  assert(JSON.stringify(failed).length < 250_000);
});

Deno.test("what no worker tells is nothing, and no name of it leads anywhere", () => {
  const others: unknown[] = [
    ...[null, undefined, 0, 50, "logs", [], {}, { kind: "other" }],
    { kind: "logs", rows: "text" },
    { kind: "error", error: null },
    { kind: "error", error: { name: "Error" } },
    { kind: "refused", why: 1, since: 1 },
    { kind: "refused", why: "", since: Infinity },
    { kind: "held", since: -1 },
  ];
  for (const other of others) assertEquals(readProgress(other), undefined);
  const planted = JSON.parse(
    '{"kind":"logs","__proto__":{"polluted":1},"rows":[["info","text",1],["fatal","text",1],["info",{},1],[],null]}',
  );
  assertEquals(readProgress(planted), {
    ...{ kind: "logs", worker: "unknown", host: "unknown" },
    rows: [["info", "text", 1]],
  });
  assertEquals(Object.hasOwn(Object.prototype, "polluted"), false);
});

Deno.test("what a job came to is one of three things, or nothing", () => {
  const done = { kind: "done", ...NAME, start: 1, duration: 2 };
  assertEquals(readReturned({ ...done, value: 1, key: "../.." }), done as never);
  assertEquals(readReturned({ kind: "missing", ...NAME, ids: ["a"] })?.kind, "missing");
  assertEquals(readReturned({ kind: "cancelled" })?.kind, "cancelled");
  const others: unknown[] = [
    ...[null, 1, "done", { kind: "done" }, { ...done, start: NaN }, { ...done, duration: "2" }],
    { kind: "missing", ids: [] },
    { kind: "missing", ids: [1] },
  ];
  for (const other of others) assertEquals(readReturned(other), undefined);
});

Deno.test("a job that is none, or too large in one of its parts, is refused", () => {
  const job = { format: 1, run: "r", key: "k", table: { id: "x", tasks: {} } };
  assertEquals(readPayload(job).key, "k");
  const others: unknown[] = [
    ...[null, "job", [], { ...job, format: 2 }, { ...job, run: 1 }, { ...job, table: [] }],
    ...[{ ...job, run: HUGE }, { ...job, key: HUGE }, { ...job, context: HUGE.repeat(3) }],
    ...[{ ...job, attempt: 0 }, { ...job, attempt: 1e300 }, { ...job, replaces: "yes" }],
    ...[{ ...job, context: "not base64" }, { ...job, context: "AAAA" }],
  ];
  for (const other of others) assertThrows(() => readPayload(other), RunnerError);
});

Deno.test("the index of queues names queues, and what else stands there is passed over", () => {
  for (const tags of [[], ["gpu"], ["gpu", "mem"]]) {
    assertEquals(splitQueueName("lab", queueName("lab", "Fit", tags)), { type: "Fit", tags });
  }
  const others = ["lab", "lab.", "lab.a:b", "lab.@gpu", "lab.Fit@", "lab.Fit@a@b", "other.Fit"];
  for (const other of [...others, "lab.Fit@a+b+c+d+e", "lab.\u001b[2J", "lab.__proto__ "]) {
    assertEquals(splitQueueName("lab", other), undefined, other);
  }
});
