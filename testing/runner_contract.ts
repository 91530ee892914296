import type { Runner } from "../runners/runner.ts";
import { RUNNER_CONDUCT_CASES } from "./_runner_conduct.ts";
import { RUNNER_RESULT_CASES } from "./_runner_results.ts";
import { runnerScene } from "./_runner_scene.ts";
import type { Storage } from "../storages/storage.ts";

/** What is put to the test, and how. */
export interface RunnerContract {
  /** What the tests are called by. */
  readonly name: string;
  /** Makes a runner; called once for each test, and disposed after it. */
  make(): Runner | Promise<Runner>;
  /**
   * Makes an empty storage, for a runner that hands results over by one, and only where it suits it. It takes the
   * place of those that the cases would use, or do without; what is promised of results that are kept nowhere
   * is left out then.
   *
   * @default {results are kept nowhere, in memory, and in temporary directories}
   */
  storage?(): Storage | Promise<Storage>;
  /**
   * Registers a test.
   *
   * @default {Deno.test}
   */
  readonly test?: (name: string, run: () => Promise<void>) => void;
}

/**
 * Registers one test for each promise that a runner makes (see `Runner`, and `docs/runners.md`). Where
 * the program may write, temporary directories are used as well as storages in memory.
 *
 * @example The tests of a runner of one's own
 * ```ts
 * import { runnerContract } from "@labtech/lab/testing";
 * import { AsyncRunner } from "@labtech/lab/runners";
 *
 * const tests: (() => Promise<void>)[] = [];
 * runnerContract({
 *   name: "AsyncRunner",
 *   make: () => new AsyncRunner(),
 *   test: (_name, run) => tests.push(run), // left out, the tests are registered with Deno.test
 * });
 * for (const run of tests) await run();
 * ```
 */
export function runnerContract(contract: RunnerContract): void {
  const { name, make, storage, test = Deno.test } = contract;
  const cases = [...RUNNER_RESULT_CASES, ...RUNNER_CONDUCT_CASES];
  for (const each of storage ? cases.filter(({ keepsNothing }) => !keepsNothing) : cases) {
    test(`${name}: ${each.name}`, async () => {
      await using runner = await make();
      // Only now, so that a program that imports this has no more task types than it defines.
      await each.run(runnerScene(runner, await import("./_runner_tasks.ts"), storage));
    });
  }
}
