import { assertEquals } from "@std/assert";
import { Lab, task } from "@labtech/lab";
import { MemoryStorage } from "@labtech/lab/storages";

const Wait = task(import.meta, {
  name: "SummaryWait",
  run({ ms }: { ms: number }, { context }) {
    (context as unknown as Clock).pass(ms);
    return ms;
  },
});

interface Clock {
  pass(ms: number): void;
}

/** Stops the clock that tasks are timed by until the end of the block; it goes on where it is told to. */
function stoppedClock(): Disposable & Clock {
  const { now } = performance;
  let time = now.call(performance);
  performance.now = () => time;
  return {
    pass: (ms) => void (time += ms),
    [Symbol.dispose]: () => void (performance.now = now),
  };
}

Deno.test("a summary names the five slowest tasks, and what the cache saved", async () => {
  using clock = stoppedClock();
  const { pass } = clock;
  await using lab = new Lab({
    storage: new MemoryStorage(),
    runner: "serial",
    progress: false,
    context: { pass },
  });
  const tasks = [10, 60, 20, 110, 30, 160, 40].map((ms) => Wait({ ms }));
  const { summary } = await lab.runTasks(tasks);
  const slowest = summary.slowest!;
  assertEquals(slowest.map(({ task }) => task.text), [
    "SummaryWait(ms=160)",
    "SummaryWait(ms=110)",
    "SummaryWait(ms=60)",
    "SummaryWait(ms=40)",
    "SummaryWait(ms=30)",
  ]);
  assertEquals(slowest.map(({ duration }) => Math.round(duration)), [160, 110, 60, 40, 30]);
  assertEquals(summary.saved, 0);

  const again = (await lab.runTasks(tasks)).summary;
  assertEquals(again.slowest, []);
  assertEquals(Math.round(again.saved!), 430);
});
