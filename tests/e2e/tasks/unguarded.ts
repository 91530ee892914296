/** A module that runs a Lab as soon as a worker imports it. */
import { Lab, task } from "@labtech/lab";

export const Unguarded = task(import.meta, { name: "Unguarded", run: () => 1 });

if ("DedicatedWorkerGlobalScope" in globalThis) {
  await new Lab({ storage: null, runner: "serial" }).runTask(Unguarded());
}
