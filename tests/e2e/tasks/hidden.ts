/** A module that defines its type only where nobody else can see it. */
import { task, type TaskType } from "@labtech/lab";

export let Hidden: TaskType<object, number> | undefined;

if (!("DedicatedWorkerGlobalScope" in globalThis)) {
  Hidden = task(import.meta, { name: "Hidden", run: (_: object) => 1 });
}
