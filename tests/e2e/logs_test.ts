import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigError, Lab, LabError, type Task, task } from "@labtech/lab";
import type { RunLogLine } from "../../progress/run_log.ts";

const Fit = task(import.meta, {
  name: "LogsFit",
  run({ depth }: { depth: number }, { log }) {
    log.debug(`fitting ${depth}`);
    if (depth > 8) throw new RangeError(`no tree of depth ${depth}`);
    return depth / 2;
  },
});

const Score = task(import.meta, {
  name: "LogsScore",
  run: ({ fit }: { fit: Task<number> }) => fit.result,
});

async function linesOf(path: string): Promise<RunLogLine[]> {
  const text = await Deno.readTextFile(path);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

async function withDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a log tells of all that happened in a run, failures and what they entail too", () =>
  withDir(async (dir) => {
    const path = `${dir}/run.jsonl`;
    await using lab = new Lab({ storage: null, runner: "serial", progress: false, logs: path });
    const tasks = [2, 16].map((depth) => Score({ fit: Fit({ depth }) }));
    await assertRejects(() => lab.runTasks(tasks), LabError);
    const lines = await linesOf(path);
    const of = (event: string) => lines.filter((line) => line.event === event);
    assertEquals(of("failed").map(({ task, errors }) => [task!.text, errors]), [
      ["LogsFit(depth=16)", [{ name: "RangeError", message: "no tree of depth 16" }]],
    ]);
    assertEquals(of("skipped").map(({ task, cause }) => [task!.type, cause!.text]), [
      ["LogsScore", "LogsFit(depth=16)"],
    ]);
    assertEquals(of("done").map(({ task }) => task!.type), ["LogsFit", "LogsScore"]);
    assertEquals(of("log").map(({ level, text }) => [level, text]), [
      ["debug", "fitting 2"],
      ["debug", "fitting 16"],
    ]);
    assertEquals(of("ended")[0]!.summary!.failed, 1);
    assertEquals(lines.at(-1)!.event, "ended");
  }));

Deno.test("a log is told of each run, with what came from the cache", () =>
  withDir(async (dir) => {
    const path = `${dir}/run.jsonl`;
    const storage = `${dir}/results`;
    await using lab = new Lab({ storage, runner: "workers", progress: false, logs: path });
    for (let n = 0; n < 2; n++) await lab.runTasks([Fit({ depth: 2 })]);
    const done = (await linesOf(path)).filter(({ event }) => event === "done");
    assertEquals(done.map(({ from }) => from), ["run", "cache"]);
    assert(done[0]!.run !== done[1]!.run);
    assertEquals(done[0]!.task, done[1]!.task);
  }));

Deno.test("a configuration names a log relative to itself, which the Lab needs to write", () =>
  withDir(async (dir) => {
    const config = `${dir}/lab.json`;
    await Deno.writeTextFile(
      config,
      JSON.stringify({ storage: null, runner: "serial", progress: false, logs: "run.jsonl" }),
    );
    await using lab = await Lab.fromConfig(config);
    await lab.runTasks([Fit({ depth: 4 })]);
    assertEquals((await linesOf(`${dir}/run.jsonl`)).at(-1)!.event, "ended");
    assertEquals(lab.permissions().write, [`${dir}/run.jsonl`]);
  }));

Deno.test("a log that is no path is refused", async () => {
  for (const logs of ["", 1, {}, new URL("https://example.com/run.jsonl")]) {
    assertThrows(() => new Lab({ storage: null, logs: logs as string }), ConfigError, "logs");
  }
  await assertRejects(() => Lab.fromConfig({ storage: null, logs: 1 }), ConfigError, "logs");
  await assertRejects(() => Lab.fromConfig({ storage: null, logs: "" }), ConfigError, "logs");
});
