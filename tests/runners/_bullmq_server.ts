import { StructuredCache } from "@labtech/lab/caches";
import {
  AsyncRunner,
  type Runner,
  type RunnerSession,
  type RunSetting,
} from "@labtech/lab/runners";
import { BullmqRunner, type BullmqRunnerOptions } from "@labtech/lab/runners/bullmq";
import { placeOf } from "../../runners/_bullmq_place.ts";
import { QueueWorker, type QueueWorkerOptions } from "../../runners/_bullmq_worker.ts";
import { findTaskType, type TaskTypeInfo, taskTypeNames } from "../../task.ts";

/** Starts a worker in this program, for all task types that it defines. */
export async function startWorker(
  runner: BullmqRunner,
  options: Pick<QueueWorkerOptions, "storage"> & Partial<QueueWorkerOptions>,
): Promise<QueueWorker> {
  const cache = new StructuredCache();
  return await QueueWorker.start({
    place: placeOf(runner)!,
    name: { worker: "test", host: "here" },
    types: taskTypeNames().map((name) => findTaskType(name)!),
    ...{ tags: [], concurrency: 2, runner: new AsyncRunner(), context: {}, plugins: [] },
    ...{ singleFlight: "auto", cacheOf: () => cache, log: () => {} },
    versionOf: (type) => Promise.resolve(type.codeVersion),
    ...options,
  });
}

/** A runner whose every run has a queue and a worker of its own, as the contract of runners wants it. */
export class RunnerWithWorker implements Runner {
  readonly name = "bullmq";
  readonly claims = true;
  readonly #options: BullmqRunnerOptions;

  constructor(options: BullmqRunnerOptions) {
    this.#options = options;
  }

  permissions(): Deno.PermissionOptionsObject {
    return new BullmqRunner(this.#options).permissions();
  }

  async open(setting: RunSetting, types: Iterable<TaskTypeInfo>): Promise<RunnerSession> {
    const runner = new BullmqRunner({ ...this.#options, queue: `q${crypto.randomUUID()}` });
    const session = await runner.open(setting, types);
    const { storage, maxWorkers: concurrency } = setting;
    const worker = await startWorker(runner, { storage, concurrency });
    return {
      slots: session.slots,
      run: (job) => session.run(job),
      forget: (id) => session.forget(id),
      drop: () => session.drop(),
      async [Symbol.asyncDispose]() {
        await session[Symbol.asyncDispose]();
        await worker.stop();
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
