/** A task that takes all the memory that a worker gets, or stays below: `hoarding.ts HOW`. */
import { Lab, task } from "@labtech/lab";
import { wait } from "../tasks/trace.ts";

const PIECES: Record<string, () => unknown> = {
  objects: () => Array.from({ length: 1000 }, (_, at) => ({ at })),
  numbers: () => new Array(1e6).fill(1.5),
  large: () => new Array(3e7).fill({}),
};

export const Hoarding = task(import.meta, {
  name: "Hoarding",
  async run({ what }: { what: string }) {
    const hoard: unknown[] = [];
    if (what !== "some") { for (;;) hoard.push(PIECES[what]!()); }
    for (let n = 0; n < 2000; n++) hoard.push(PIECES.objects!());
    await wait(300);
  },
});

export const Idling = task(import.meta, { name: "Idling", run: () => wait(600_000) });

if (import.meta.main) {
  const [what] = Deno.args as [string];
  await using lab = new Lab({ storage: null, maxWorkers: 2, logs: "run.jsonl" });
  await lab.runTasks([...(what === "some" ? [] : [Idling()]), Hoarding({ what })]);
}
