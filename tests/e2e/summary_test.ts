import { assert, assertEquals } from "@std/assert";
import { Lab, task } from "@labtech/lab";
import { MemoryStorage } from "@labtech/lab/storages";

const Wait = task(import.meta, {
  name: "SummaryWait",
  run: ({ ms }: { ms: number }) => new Promise<number>((done) => setTimeout(() => done(ms), ms)),
});

Deno.test("a summary names the five slowest tasks, and what the cache saved", async () => {
  await using lab = new Lab({ storage: new MemoryStorage(), runner: "async", progress: false });
  const tasks = [10, 60, 20, 110, 30, 160, 40].map((ms) => Wait({ ms }));
  const { summary } = await lab.runTasks(tasks);
  const slowest = summary.slowest!;
  assertEquals(slowest.length, 5);
  assertEquals(slowest.slice(0, 3).map(({ task }) => task.text), [
    "SummaryWait(ms=160)",
    "SummaryWait(ms=110)",
    "SummaryWait(ms=60)",
  ]);
  const durations = slowest.map(({ duration }) => duration);
  assertEquals(durations, durations.toSorted((a, b) => b - a));
  assertEquals(summary.saved, 0);

  const again = (await lab.runTasks(tasks)).summary;
  assertEquals(again.slowest, []);
  assert(again.saved! >= 400, `${again.saved} ms saved of 430`);
});
