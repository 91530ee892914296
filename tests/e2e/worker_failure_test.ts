import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { MemoryStorage, NullStorage } from "@labtech/lab/storages";
import { StructuredCache } from "@labtech/lab/caches";
import { RunnerError, type Task, task } from "@labtech/lab";
import { runChild } from "./_child.ts";
import { labError, quietLab } from "./_lab.ts";
import { scratch, testWith } from "./_scratch.ts";
import { Ending, Giving, GivingFresh, Looking, Point, Posting, Throwing } from "./tasks/faults.ts";
import { Hidden } from "./tasks/hidden.ts";
import { Nesting } from "./tasks/nesting.ts";
import { Windowed } from "./tasks/not_in_workers.ts";
import { Filtered, Leaf, Sum } from "./tasks/numbers.ts";
import { Unguarded } from "./tasks/unguarded.ts";

const runner = "workers";
const VANISHING = new URL("./programs/vanishing.ts", import.meta.url);
const causeOf = (failures: ReadonlyMap<Task, Error>) => [...failures.values()][0]!.cause as Error;

const EXITS = [
  ...["Deno.exit", "self.close", "process.exit", "exit of node:process", "process.reallyExit"],
  "process.abort",
];
for (const by of EXITS) {
  Deno.test(`workers: ${by} in a task fails that task alone`, async () => {
    await using lab = quietLab({ runner, maxWorkers: 2, storage: null });
    const others = Array.from({ length: 6 }, (_, n) => Sum({ of: [Leaf({ n })] }));
    const { failures, results } = await labError(lab.runTasks([Ending({ by }), ...others]));
    assertEquals(failures.size, 1);
    assertInstanceOf(causeOf(failures), Error);
    const message = by === "process.abort"
      ? "process.abort() is not supported in workers"
      : `${by === "self.close" ? by : "Deno.exit"} was called in a task`;
    assertStringIncludes(causeOf(failures).message, message);
    assertEquals(results!.size, 6);
  });
}

for (const by of ["Deno.kill", "process.kill", "Deno.chdir"]) {
  Deno.test(`workers: ${by} of the program in a task fails that task alone`, async () => {
    await using lab = quietLab({ runner, maxWorkers: 1, storage: null });
    const { failures, results } = await labError(lab.runTasks([Ending({ by }), Leaf({ n: 1 })]));
    assertInstanceOf(causeOf(failures), Error);
    assertStringIncludes(causeOf(failures).message, 'the runner "processes"');
    assertEquals([...results!.values()], [1]);
  });
}

for (const by of ["rejection", "error", "reported", "close later"]) {
  Deno.test(`workers: an uncaught error (${by}) that a task leaves behind is logged, and all goes on`, async () => {
    await using lab = quietLab({ runner, maxWorkers: 1, storage: null });
    const results = await lab.runTasks([Ending({ by }), Leaf({ n: 1 })]);
    assertEquals([...results.values()], [by, 1]);
    const expected = { rejection: "left behind", error: "thrown later", reported: "reported" }[by];
    assertStringIncludes(lab.lines.join("\n"), expected ?? "self.close was called");
  });
}

for (const message of ["text", "nothing", "unknown", "no outcomes", "far place", "shares"]) {
  Deno.test(`workers: what a task says past the Lab (${message}) harms nothing`, async () => {
    await using lab = quietLab({ runner, maxWorkers: 1, storage: null });
    const results = await lab.runTasks([Posting({ message }), Leaf({ n: 1 }), Leaf({ n: 2 })]);
    assertEquals([...results.values()], [message, 1, 2]);
    assertEquals(lab.lines.filter((line) => line.includes("heard what was")), []);
    const lost = lab.lines.filter((line) => line.includes("sent by self.postMessage is lost"));
    assertEquals(lost.length, message === "shares" ? 0 : 1);
  });
}

Deno.test("workers: a module that cannot be imported fails its tasks, and says why", async () => {
  await using lab = quietLab({ runner, maxWorkers: 2, storage: null });
  const { failures, results } = await labError(lab.runTasks([Windowed(), Leaf({ n: 1 })]));
  assertEquals(failures.size, 1);
  assertStringIncludes(causeOf(failures).message, "not_in_workers.ts: this module wants a window");
  assertEquals([...results!.values()], [1]);
});

Deno.test("workers: a module that runs a Lab when it is imported is told to guard it", async () => {
  await using lab = quietLab({ runner, maxWorkers: 1, storage: null });
  const { failures } = await labError(lab.runTasks([Unguarded()]));
  assertStringIncludes(causeOf(failures).message, "if (import.meta.main)");
});

Deno.test("workers: a task may run a Lab of its own", async () => {
  await using lab = quietLab({ runner, maxWorkers: 1, storage: null });
  assertEquals(await lab.runTask(Nesting()), "from within");
});

Deno.test("workers: a type that importing its module does not define fails with a reason", async () => {
  await using lab = quietLab({ runner, maxWorkers: 1, storage: null });
  const { failures } = await labError(lab.runTasks([Hidden!({})]));
  assertStringIncludes(causeOf(failures).message, 'defines no task type "Hidden"');
});

Deno.test("workers: a type without a module is refused, with what to do; serial and async take it", async () => {
  const Cell = task(null, { name: "Cell", run: ({ n }: { n: number }) => n + 1 });
  await using lab = quietLab({ runner, storage: null });
  const error = await assertRejects(() => lab.runTask(Cell({ n: 1 })), RunnerError);
  assertStringIncludes(error.message, 'take the runner "serial" or "async"');
  for (const runner of ["serial", "async"]) {
    await using lab = quietLab({ runner, storage: null });
    assertEquals(await lab.runTask(Cell({ n: 1 })), 2);
  }
});

Deno.test("workers: a context that cannot be cloned is refused by name, unless it is filtered out", async () => {
  const context = { fine: 1, model: { predict: () => 1 } };
  await using lab = quietLab({ runner, storage: null, context });
  const error = await assertRejects(() => lab.runTask(Leaf({ n: 1 })), RunnerError);
  assertStringIncludes(error.message, "context.model cannot be sent to a worker");
  assertEquals(await lab.runTask(Filtered({ keep: "fine" })), { fine: 1, from: "filter" });
  const { failures } = await labError(lab.runTasks([Filtered({ keep: "model" })]));
  assertStringIncludes(causeOf(failures).message, "context.model cannot be sent");
});

for (
  const { storage, cache } of [
    { storage: null, cache: "structured" },
    { storage: { type: "memory" }, cache: "structured" },
    { storage: new MemoryStorage(), cache: new StructuredCache({ compress: "gzip" }) },
    { storage: new NullStorage(), cache: "structured" },
  ]
) {
  const how = `${storage?.constructor.name ?? "no storage"}, ${
    typeof cache === "string" ? cache : "an own cache"
  }`;
  Deno.test(`workers, ${how}: class instances cross threads, alone and nested`, async () => {
    await using lab = quietLab({ runner, maxWorkers: 2, storage, cache });
    for (const type of [Giving, GivingFresh]) {
      const results = await lab.runTasks([
        type({ what: "point" }),
        Looking({ at: type({ what: "point" }) }),
        type({ what: "points" }),
        type({ what: "cycle" }),
        type({ what: "undefined" }),
      ]);
      const [point, looked, points, cycle, nothing] = [...results.values()];
      assertInstanceOf(point, Point);
      assertEquals(looked, "Point 1 2");
      assertInstanceOf((points as Map<string, Point[]>).get("a")![0], Point);
      assert((cycle as { self: unknown }).self === cycle);
      assertEquals(nothing, undefined);
    }
  });
}

Deno.test("workers: a result that no thread can hand over fails its task and says what to do", async () => {
  await using lab = quietLab({ runner, maxWorkers: 1, storage: null });
  const tasks = ["unknown", "function", "symbol", "fine"].map((what) => GivingFresh({ what }));
  const { failures, results } = await labError(lab.runTasks(tasks));
  assertEquals(failures.size, 3);
  for (const { cause } of failures.values()) {
    assertStringIncludes((cause as Error).message, "cannot be handed to another thread");
    assertStringIncludes((cause as Error).message, "registerClass");
  }
  assertEquals([...results!.values()], ["fine"]);
  await using serial = quietLab({ runner: "serial", storage: null });
  const [unknown] = [...await serial.runTasks(tasks.slice(0, 1))];
  assertEquals(unknown![1]!.constructor.name, "Unknown");
});

Deno.test("workers: a large result that nobody asked for is used by others, and is whole", async () => {
  await using lab = quietLab({ runner, maxWorkers: 2, storage: null });
  const text = await lab.runTask(Looking({ at: Giving({ what: "large" }) }));
  assertStringIncludes(text as string, "Float64Array(300000)");
});

Deno.test("workers: one failure after the other leaves the pool in order", async () => {
  await using lab = quietLab({ runner, maxWorkers: 2, storage: null });
  for (let round = 0; round < 5; round++) {
    await labError(lab.runTasks([Throwing({ kind: "TypeError" }), Ending({ by: "Deno.exit" })]));
    assertEquals([...(await lab.runTasks([Leaf({ n: round })])).values()], [round]);
  }
});

for (const how of ["close", "exit"]) {
  testWith("run", `workers: a thread that vanishes (${how}) fails its task alone`, async () => {
    const { code, stdout, stderr } = await runChild(VANISHING, { args: [how] });
    assertEquals(code, 0, stderr);
    assertStringIncludes(
      stdout,
      `The worker that ran Vanishing(by="${how}") died: its thread ended without a word`,
    );
    assertStringIncludes(stdout, "\n0,1,2,3,4\n");
  });
}

testWith(
  "run",
  "workers: a thread that is kept by what a task left behind is given up; no task fails, and the program ends",
  async () => {
    const { code, stdout, stderr } = await runChild(VANISHING, { args: ["loop"] });
    assertEquals([code, stdout], [0, "\nleft a loop,0,1,2,3,4\n"], stderr);
    assertStringIncludes(stderr, "A worker is given up");
  },
);

testWith("run", "workers: what the last task leaves behind does not keep the program", async () => {
  const { code, stdout, stderr } = await runChild(VANISHING, { args: ["last loop"] });
  assertEquals([code, stdout], [0, "\nleft a loop\n"], stderr);
});

const HOARDING = new URL("./programs/hoarding.ts", import.meta.url);
const LITTLE = "--v8-flags=--max-old-space-size=200";

testWith("run", "workers: before memory runs out, the tasks that run are named", async () => {
  await using place = await scratch();
  const { code, stderr } = await runChild(HOARDING, {
    flags: ["-A", LITTLE],
    args: ["objects"],
    cwd: place.dir,
    patience: 120_000,
  });
  assert(code !== 0, stderr);
  const told = stderr.split("\n").filter((line) => line.includes("Memory runs out"));
  assertEquals(told.length, 1, stderr);
  assertStringIncludes(told[0]!, 'Idling(), Hoarding(what="objects")');
  assertStringIncludes(told[0]!, 'The runner "processes"');
  assertStringIncludes(await Deno.readTextFile(place.path("run.jsonl")), "Memory runs out");
});

testWith("run", "workers: where memory does not run out, nothing is said of it", async () => {
  await using place = await scratch();
  const flags = ["-A", LITTLE];
  const { code, stderr } = await runChild(HOARDING, { flags, args: ["some"], cwd: place.dir });
  assertEquals([code, stderr.includes("Memory runs out")], [0, false], stderr);
});
