import { Lab, type Task, task } from "@labtech/lab";
import { sha256Hex } from "../../digest.ts";
import { SerializationError } from "../../errors.ts";
import { loadRun } from "../../runs/find_runs.ts";
import { MemoryStorage } from "../../storages/mod.ts";
import { bytesOf, save } from "../../testing/_storage_scene.ts";
import type { Decoder } from "./_fuzz.ts";
import { mutateText } from "./_fuzz_text.ts";

const Fails = task(import.meta, {
  name: "FuzzFails",
  codeVersion: "v1",
  run: (_: { of: Task<number> }): number => {
    throw new Error("no");
  },
});
const Runs = task(import.meta, { name: "FuzzRuns", run: ({ n }: { n: number }) => n });
const MOST_TASKS = 1000;

/** Reads records of runs whose digests fit, whatever else became of them. */
export async function runRecord(): Promise<Decoder> {
  const storage = new MemoryStorage();
  await using lab = new Lab({ storage, runner: "serial", progress: false });
  const failing = Fails({ of: Runs({ n: 1 }) });
  await lab.runTasks([Fails({ of: failing })]).catch(() => {});
  const { key } = (await lab.runs())[0]!;
  const entry = (await storage.open(key))!;
  const text = async (file: string) => new TextDecoder().decode(await entry.read(file));
  const [head, tasks] = [await text("run.json"), await text("tasks.json")];
  return {
    name: "record of a run",
    async attempt(random) {
      const isOfHead = random.below(2) === 0;
      const changed = bytesOf(isOfHead ? tasks : mutateText(tasks, random));
      const fitting = head.replace(/"bytes": \d+/, `"bytes": ${changed.length}`)
        .replace(/"sha256": "[^"]*"/, `"sha256": "${sha256Hex(changed)}"`);
      const files = {
        "run.json": isOfHead ? mutateText(fitting, random) : fitting,
        "tasks.json": changed,
      };
      await save(storage, key, files);
      const record = await loadRun(storage, key);
      if (record === undefined) return false;
      try {
        const found = await record.tasks();
        if (found.length > MOST_TASKS) throw new Error("It gives more tasks than there are rows");
      } catch (error) {
        if (!(error instanceof SerializationError)) throw error;
        return false;
      }
      return !Number.isNaN(record.start.getTime());
    },
  };
}
