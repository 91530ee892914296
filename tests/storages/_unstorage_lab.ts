/** Runs tasks by a Lab of the configuration that it is given, or prints the flags for that. */
import { Lab, task } from "@labtech/lab";

/** A task whose result tells which thread computed it, and is large now and then. */
export const Tripled = task(import.meta, {
  name: "UnstorageTripled",
  run: ({ n }: { n: number }) => ({
    n: 3 * n,
    data: new Uint8Array(n === 7 ? 5_000_000 : n),
    inWorker: typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope,
  }),
});

declare const WorkerGlobalScope: { new (): object };

if (import.meta.main) {
  const [config, what] = Deno.args;
  await using lab = await Lab.fromConfig(config!);
  if (what === "flags") console.log(lab.permissionFlags().join("\n"));
  else {
    const tasks = Array.from({ length: 12 }, (_, n) => Tripled({ n }));
    const results = await lab.runTasks(tasks, { progress: false });
    const values = tasks.map((each) => results.get(each)!);
    const sum = values.reduce((sum, { n, data }) => sum + n + data.length, 0);
    const { run, cached } = results.summary;
    const threads = new Set(values.map(({ inWorker }) => inWorker));
    const listed = (await lab.cachedTasks([Tripled])).length;
    console.log(`${run} run, ${cached} cached, ${listed} listed, sum ${sum}, ${[...threads]}`);
  }
}
