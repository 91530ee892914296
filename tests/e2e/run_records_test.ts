import { LabError, type Task } from "@labtech/lab";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { runChild, whileRunning } from "./_child.ts";
import { quietLab, RUNNERS } from "./_lab.ts";
import { linesOf, scratch, testWith } from "./_scratch.ts";
import { Failing, Leaf, Sum } from "./tasks/numbers.ts";

const INTERRUPTED = new URL("./programs/interrupted.ts", import.meta.url);

for (const runner of RUNNERS) {
  Deno.test(`${runner}: the record of a run names its tasks, and why they failed`, async () => {
    await using place = await scratch();
    await using lab = quietLab({ runner, storage: place.path("results") });
    const failing = Failing({ why: "broken" }) as Task<number>;
    const below = Sum({ of: [failing, Leaf({ n: 1 })] });
    await assertRejects(() => lab.runTasks([below, Leaf({ n: 2 })]), LabError);
    const [run, ...others] = await lab.runs();
    assertEquals(others, []);
    const record = (await run!.load())!;
    assertEquals(record.ending, "incomplete");
    const tasks = await record.tasks();
    assertEquals(
      tasks.map(({ state, type, error, cause }) => [state, type, error?.message ?? cause]),
      [
        ["failed", "Failing", "broken"],
        ["skipped", "Sum", failing.id],
        ["run", "Leaf", undefined],
        ["run", "Leaf", undefined],
      ],
    );
    assertEquals(lab.lines.filter((line) => line.includes("record")), []);
    assertEquals((await lab.cachedTasks([Leaf, Sum])).length, 2, "a record is no result");
  });

  testWith(
    "run",
    `${runner}: a run that Ctrl-C ended leaves a record, a killed one none`,
    async () => {
      await using place = await scratch();
      const endBy = async (signal: "SIGINT" | "SIGKILL", name: string) => {
        const [storage, trace] = [place.path(name), place.path(`${name}.trace`)];
        await runChild(INTERRUPTED, {
          args: [runner, storage, trace, "held"],
          async meanwhile(process, stderr) {
            await whileRunning(process, () => linesOf(trace).length > 0);
            process.kill(signal);
            await whileRunning(process, () => stderr().includes("Ctrl-C again"));
            await Deno.writeTextFile(`${trace}.go`, "go\n");
          },
        });
        await using lab = quietLab({ runner: "serial", storage });
        return await Promise.all((await lab.runs()).map((run) => run.load()));
      };
      const [record, ...others] = await endBy("SIGINT", "interrupted");
      assertEquals(others, []);
      assertEquals(record!.ending, "stopped");
      assertStringIncludes(record!.error!.message, "Ended by Ctrl-C");
      assertEquals(record!.summary.run + record!.summary.skipped, 7);
      assertEquals(await endBy("SIGKILL", "killed"), []);
    },
  );
}
