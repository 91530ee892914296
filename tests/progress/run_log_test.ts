import { assert, assertEquals } from "@std/assert";
import type { RunEvent } from "../../progress/events.ts";
import { Displays, RunLog, type RunLogLine } from "../../progress/run_log.ts";

const task = { id: "Square__1", type: "Square", text: "Square(base=1)" };
const other = { id: "Sum__1", type: "Sum", text: "Sum(of=[Square(base=1)])" };
const summary = { tasks: 2, run: 1, cached: 0, failed: 1, skipped: 1, duration: 12 };

/** Writes events to a log in a directory of its own, and gives its lines. */
async function logged(events: readonly RunEvent[]): Promise<RunLogLine[]> {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/run.jsonl`;
    {
      using log = new RunLog({ path, warn: (text) => assert(false, text) });
      for (const event of events) log.handle(event);
    }
    const lines = (await Deno.readTextFile(path)).split("\n");
    assertEquals(lines.pop(), "");
    return lines.map((line) => JSON.parse(line));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a log has a line for each event, in order, after one that tells of the program", async () => {
  const events: RunEvent[] = [
    { kind: "planned", at: 1000, type: "Square", count: 2 },
    { kind: "started", at: 2000, task },
    { kind: "log", at: 2500, task, level: "info", text: 'a "text"\nof two lines' },
    { kind: "done", at: 3000, task, from: "run", duration: 7.5 },
    { kind: "skipped", at: 3500, task: other, cause: task },
    { kind: "ended", at: 4000, summary },
  ];
  const [begun, ...lines] = await logged(events);
  assertEquals({ event: begun!.event, pid: begun!.pid }, { event: "begun", pid: Deno.pid });
  const { run } = begun!;
  assertEquals(lines, [
    { at: "1970-01-01T00:00:01.000Z", run, event: "planned", type: "Square", count: 2 },
    { at: "1970-01-01T00:00:02.000Z", run, event: "started", task },
    {
      at: "1970-01-01T00:00:02.500Z",
      run,
      event: "log",
      task,
      level: "info",
      text: 'a "text"\nof two lines',
    },
    { at: "1970-01-01T00:00:03.000Z", run, event: "done", task, from: "run", duration: 7.5 },
    { at: "1970-01-01T00:00:03.500Z", run, event: "skipped", task: other, cause: task },
    { at: "1970-01-01T00:00:04.000Z", run, event: "ended", summary },
  ]);
});

Deno.test("a failure is logged with its causes, and the stack of the innermost", async () => {
  const innermost = new RangeError("no tree of depth 16");
  const error = new Error("Fit failed", { cause: innermost });
  const [, line] = await logged([{ kind: "failed", at: 0, task, error }]);
  assertEquals(line!.errors, [
    { name: "Error", message: "Fit failed" },
    { name: "RangeError", message: "no tree of depth 16" },
  ]);
  assert(line!.stack?.includes("RangeError: no tree of depth 16"));
});

Deno.test("an error that is its own cause is logged", async () => {
  const error = new Error("round");
  error.cause = error;
  const [, line] = await logged([{ kind: "failed", at: 0, task, error }]);
  assertEquals(line!.errors?.length, 10);
});

Deno.test("runs add to the same log, each under an id of its own", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/run.jsonl`;
    for (let n = 0; n < 2; n++) {
      using log = new RunLog({ path, warn: (text) => assert(false, text) });
      log.handle({ kind: "started", at: 0, task });
    }
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n")
      .map((line) => JSON.parse(line) as RunLogLine);
    assertEquals(lines.map(({ event }) => event), ["begun", "started", "begun", "started"]);
    const ids = lines.map(({ run }) => run);
    assertEquals([ids[0] === ids[1], ids[2] === ids[3], ids[0] === ids[2]], [true, true, false]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a log that cannot be written is told once, and the rest goes on", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const warnings: string[] = [];
    {
      using log = new RunLog({
        path: `${dir}/absent/run.jsonl`,
        warn: (text) => warnings.push(text),
      });
      const text = "x".repeat(100_000);
      for (let n = 0; n < 5; n++) log.handle({ kind: "log", at: 0, level: "info", text });
    }
    assertEquals(warnings.length, 1);
    assert(warnings[0]!.includes("absent/run.jsonl"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("several displays are told the same, and disposed the last one first", () => {
  const told: string[] = [];
  const display = (name: string) => ({
    handle: ({ kind }: RunEvent) => void told.push(`${name} ${kind}`),
    [Symbol.dispose]: () => void told.push(`${name} disposed`),
  });
  {
    using both = new Displays([display("a"), display("b")]);
    both.handle({ kind: "ended", at: 0, summary });
  }
  assertEquals(told, ["a ended", "b ended", "b disposed", "a disposed"]);
});
