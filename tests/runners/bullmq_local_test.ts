import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Job, Outcome, Runner, RunnerSession } from "@labtech/lab/runners";
import { LocalWork } from "../../runners/_bullmq_local.ts";
import { Double } from "./_bullmq_tasks.ts";

/** Of tasks that come to so much JSON, so many go to one session. */
const [LARGE, JOBS] = [2 ** 23, 5000];

/** A runner whose sessions are counted, and of which some cannot be begun. */
class Failing implements Runner {
  readonly name = "failing";
  readonly sessions: { jobs: number; isClosed: boolean }[] = [];
  opened = 0;

  constructor(readonly fails: (opened: number) => boolean) {}

  permissions(): Deno.PermissionOptionsObject {
    return {};
  }

  async open(): Promise<RunnerSession> {
    await Promise.resolve();
    if (this.fails(++this.opened)) throw new Error(`no session ${this.opened}`);
    const session = { jobs: 0, isClosed: false };
    this.sessions.push(session);
    return {
      slots: Infinity,
      run(): Promise<Outcome> {
        session.jobs++;
        return Promise.resolve({ kind: "done", meta: { start: new Date(0), duration: 0 } });
      },
      forget: () => {},
      drop: () => {},
      [Symbol.asyncDispose]: () => Promise.resolve(void (session.isClosed = true)),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

Deno.test("where no new session can be begun the one before goes on, and one is begun later", async () => {
  const runner = new Failing((opened) => opened === 2);
  const told: string[] = [];
  const local = await LocalWork.open({
    ...{ storage: null, runner, plugins: [], types: [], maxWorkers: 1 },
    ...{ signal: new AbortController().signal, log: (_, text) => void told.push(text) },
  });
  const task = Double({ n: 1, notes: "none" });
  const job: Job = {
    ...{ task, key: task.id, cache: null, dependencies: [], wanted: false, shared: false },
  };
  const outcomes = await Promise.all(
    Array.from(
      { length: 2 * JOBS + 10 },
      () => local.run(job, { length: LARGE / JOBS + 1, log: () => {} }),
    ),
  );
  assertEquals(new Set(outcomes.map(({ outcome }) => outcome.kind)), new Set(["done"]));
  assertEquals(runner.sessions, [
    { jobs: 2 * JOBS, isClosed: true },
    { jobs: 10, isClosed: false },
  ]);
  assertEquals(told.length, 1);
  assertStringIncludes(told[0]!, "no session 2");
  await local[Symbol.asyncDispose]();
  assertEquals(runner.sessions.map(({ isClosed }) => isClosed), [true, true]);
});
