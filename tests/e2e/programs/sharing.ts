/** A run that shares its storage and tasks with others: `sharing.ts JSON`, see {@link Order}. */
import { Lab, type PluginSpec, task } from "@labtech/lab";
import { note, wait } from "../tasks/trace.ts";

/** What a program is to do. */
export interface Order {
  readonly storage: PluginSpec;
  readonly runner: string;
  /** What this program is called in the trace and in results. */
  readonly by: string;
  /** How many tasks it wants. */
  readonly tasks: number;
  /** How long each takes, in ms; not a param, as it differs between programs. */
  readonly ms: number;
  /** A task ends only when this file is there; so who stops the program meanwhile is in time, however slow. */
  readonly until?: string;
  /** The file that tells what was begun. */
  readonly trace: string;
  readonly bustCache?: boolean;
}

export const Shared = task(import.meta, {
  name: "Shared",
  async run({ n }: { n: number }, { context, signal }) {
    note(context, `begin ${n} ${context.by}`);
    await wait(Number(context.ms), signal);
    while (context.until !== undefined && !await isThere(String(context.until))) {
      await wait(5, signal);
    }
    note(context, `end ${n} ${context.by}`);
    return `${n} by ${context.by}`;
  },
});

async function isThere(file: string): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}

if (import.meta.main) {
  const order: Order = JSON.parse(Deno.args[0]!);
  const { storage, runner, by, ms, until, trace, bustCache } = order;
  await using lab = new Lab({
    ...{ storage, runner, maxWorkers: 2, context: { by, ms, until, trace } },
    progress: { enabled: false },
  });
  const tasks = Array.from({ length: order.tasks }, (_, n) => Shared({ n }));
  const results = await lab.runTasks(tasks, { bustCache });
  const { run, cached } = results.summary;
  console.log(JSON.stringify({ run, cached, values: [...results.values()] }));
}
