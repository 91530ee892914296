import { assertEquals, assertStringIncludes } from "@std/assert";
import { quietLab, RUNNERS } from "./_lab.ts";
import { Filtered, Leaf, Told } from "./tasks/numbers.ts";

for (const runner of RUNNERS) {
  Deno.test(`${runner}: a task is told its params, id, seed, signal and context`, async () => {
    const context = { data: new Float64Array([1, 2]), when: new Date(0), deep: { a: [1] } };
    await using lab = quietLab({ runner, storage: null, context });
    const task = Told({ n: 3, other: Leaf({ n: 8 }) });
    assertEquals(await lab.runTask(task), {
      n: 3,
      id: task.id,
      text: "Told(n=3, other=Leaf(n=8))",
      seed: parseInt(task.id.slice(-40).slice(0, 8), 16),
      aborted: false,
      context,
      frozen: true,
      other: 8,
      otherDuration: "number",
      own: "TaskError",
    });
  });

  Deno.test(`${runner}: what a task logs or prints is labelled with the task`, async () => {
    await using lab = quietLab({ runner, storage: null });
    await lab.runTasks([Told({ n: 1 }), Told({ n: 2 })]);
    for (const n of [1, 2]) {
      const lines = lab.lines.filter((line) => line.includes(`Told(n=${n})`)).join("\n");
      for (const text of [`to the console { n: ${n} }`, "in red", `to the log ${n}`, "detail"]) {
        assertStringIncludes(lines, text);
      }
    }
    assertEquals(lab.lines.length, 8);
  });

  Deno.test(`${runner}: filterContext chooses what a task gets, by its params`, async () => {
    const context = { a: 1, b: 2, c: () => "a function stays at home" };
    await using lab = quietLab({ runner, storage: null, context });
    const tasks = ["a", "b"].map((keep) => Filtered({ keep }));
    const results = await lab.runTasks(tasks);
    assertEquals([...results.values()], [{ a: 1, from: "filter" }, { b: 2, from: "filter" }]);
  });

  Deno.test(`${runner}: the context is no part of the key`, async () => {
    await using first = quietLab({ runner, storage: { type: "memory" }, context: { x: 1 } });
    await using second = quietLab({ runner, storage: first.storage, context: { x: 2 } });
    const context = async (lab: typeof first) => (await lab.runTask(Told({ n: 1 }))).context;
    assertEquals(await context(first), { x: 1 });
    assertEquals(await context(second), { x: 1 });
  });
}
