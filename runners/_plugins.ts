import * as v from "valibot";
import type { Plugin } from "../plugin.ts";
import { AsyncRunner, type AsyncRunnerOptions } from "./async.ts";
import { ProcessesRunner, type ProcessesRunnerOptions } from "./processes.ts";
import type { Runner } from "./runner.ts";
import { SerialRunner } from "./serial.ts";
import { WorkersRunner, type WorkersRunnerOptions } from "./workers.ts";

const maxWorkers = v.optional(
  v.pipe(
    v.number(),
    v.integer("Expected a whole number of tasks"),
    v.minValue(1, "Expected 1 task or more"),
    v.description("How many tasks run at once; the Lab's maxWorkers if left out"),
  ),
);

/** Makes a {@linkcode SerialRunner}. */
export const serialPlugin: Plugin<Runner, Record<never, never>> = {
  name: "serial",
  summary: "One task after the other, in the main thread; for debugging",
  options: v.strictObject({}),
  create: () => new SerialRunner(),
};

/** Makes an {@linkcode AsyncRunner}. */
export const asyncPlugin: Plugin<Runner, AsyncRunnerOptions> = {
  name: "async",
  summary: "Concurrently in the main thread; for tasks that mostly wait",
  options: v.strictObject({ maxWorkers }),
  create: (options) => new AsyncRunner(options),
};

// Below this, the library itself may run out of memory.
const LEAST_MEMORY = 16;

const memory = v.optional(
  v.pipe(
    v.number(),
    v.integer("Expected a whole number of MB"),
    v.minValue(LEAST_MEMORY, `Expected ${LEAST_MEMORY} MB or more`),
    v.description("How many MB the tasks of one process may take; V8's own limits if left out"),
  ),
);

const config = v.optional(
  v.pipe(
    v.string(),
    v.nonEmpty("Expected the path of a deno.json"),
    v.description("The deno.json by which processes resolve imports; the program's if left out"),
  ),
);

/** Makes a {@linkcode ProcessesRunner}. */
export const processesPlugin: Plugin<Runner, ProcessesRunnerOptions> = {
  name: "processes",
  summary: "A pool of child processes; for isolation, memory limits and hard stops",
  options: v.strictObject({ maxWorkers, memory, config }),
  create: (options, env) =>
    new ProcessesRunner({
      ...options,
      config: options.config === undefined ? undefined : env.path(options.config),
    }),
};

const sharedMemory = v.optional(
  v.pipe(
    v.boolean(),
    v.description("Whether workers share the memory of large arrays in dependencies' results"),
  ),
);

const unstableWorkerOptions = v.optional(
  v.pipe(
    v.boolean(),
    v.description(
      "Whether Deno was started with --unstable-worker-options; as far as can be seen if left out",
    ),
  ),
);

/** Makes a {@linkcode WorkersRunner}. */
export const workersPlugin: Plugin<Runner, WorkersRunnerOptions> = {
  name: "workers",
  summary: "A pool of Web Workers; for tasks that compute",
  options: v.strictObject({ maxWorkers, sharedMemory, unstableWorkerOptions }),
  create: (options) => new WorkersRunner(options),
};
