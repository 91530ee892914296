/** A module that cannot be imported in a worker. */
import { task } from "@labtech/lab";

if ("DedicatedWorkerGlobalScope" in globalThis) throw new Error("this module wants a window");

export const Windowed = task(import.meta, { name: "Windowed", run: () => 1 });
