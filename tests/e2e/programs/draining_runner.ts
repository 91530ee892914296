import { type Runner, runners } from "@labtech/lab";
import type { RunnerSession, RunSetting } from "@labtech/lab/runners";
import type { TaskTypeInfo } from "@labtech/lab";

/** A runner that tells when it has given back all that it had not begun. */
export class DrainingRunner implements Runner {
  readonly name: string;
  readonly #inner: Runner;
  readonly #running: number;
  readonly #drained: () => void;

  /** `running` is how many tasks run then; `drained` is told. */
  constructor(name: string, { running, drained }: { running: number; drained: () => void }) {
    this.name = name;
    this.#inner = runners.create(name);
    this.#running = running;
    this.#drained = drained;
  }

  permissions(types: Iterable<TaskTypeInfo>): Deno.PermissionOptionsObject {
    return this.#inner.permissions(types);
  }

  async open(setting: RunSetting, types: Iterable<TaskTypeInfo>): Promise<RunnerSession> {
    const session = await this.#inner.open(setting, types);
    let [jobs, isDropped] = [0, false];
    const look = () => {
      if (isDropped && jobs <= this.#running) this.#drained();
    };
    return {
      get slots() {
        return session.slots;
      },
      async run(job) {
        jobs++;
        try {
          return await session.run(job);
        } finally {
          jobs--;
          look();
        }
      },
      forget: (id) => session.forget(id),
      drop() {
        session.drop();
        isDropped = true;
        look();
      },
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#inner[Symbol.asyncDispose]());
  }
}
