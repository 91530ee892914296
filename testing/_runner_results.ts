import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import type { Task } from "../task.ts";
import { CACHE, type RunnerCase } from "./_runner_scene.ts";

/** What becomes of results and errors. */
export const RUNNER_RESULT_CASES: readonly RunnerCase[] = [
  {
    name: "a job gives its result as it is, whatever its type",
    async run({ open, tasks: { Give, RESULT_KINDS, resultOf } }) {
      await using it = await open();
      for (const kind of RESULT_KINDS) {
        const value = await it.valueOf(Give({ kind })) as { self?: unknown };
        if (kind === "cycle") assert(value.self === value);
        else assertEquals(value, resultOf(kind));
      }
    },
  },
  {
    name: "a job has the results of the tasks nested in its params at hand",
    async run({ open, tasks: { Add } }) {
      await using it = await open();
      const leaves = [1, 2, 3, 4, 5].map((n) => Add({ n }));
      await Promise.all(leaves.map((leaf) => it.valueOf(leaf, { wanted: false })));
      const sums = [10, 20, 30].map((n) => Add({ n, to: [...leaves, leaves[0]!] }));
      const values = await Promise.all(sums.map((sum) => it.valueOf(sum)));
      assertEquals(values, [26, 36, 46]);
    },
  },
  {
    name: "a result is kept where it should be before the job is done, asked for or not",
    run: ({ open, withStorages, tasks: { Give, Add, resultOf } }) =>
      withStorages(async (storage) => {
        await using it = await open({ storage });
        for (const wanted of [true, false]) {
          for (const shared of [true, false]) {
            const task = Give({ kind: "map", n: Number(wanted) + 2 * Number(shared) });
            const outcome = await it.run(task, { wanted, shared });
            assertEquals(outcome.kind, "done");
            const { key } = it.place(task);
            assertEquals((await CACHE.load(storage, key, task))?.value, resultOf("map"));
          }
        }
        await using kept = await open();
        await kept.valueOf(Add({ n: 1 }));
        assertEquals((await Array.fromAsync(storage.findKeys())).length, 4);
      }),
  },
  {
    name: "results that lie in the storage are loaded where a job needs them",
    run: ({ open, withStorages, tasks: { Add } }) =>
      withStorages(async (storage) => {
        const leaf = Add({ n: 4 });
        {
          await using earlier = await open({ storage });
          await earlier.valueOf(leaf);
        }
        await using it = await open({ storage });
        assertEquals(await it.valueOf(Add({ n: 1, to: [leaf] })), 5);
      }),
  },
  {
    name: "a job whose dependency's result is nowhere is not run, and says what is missing",
    run: ({ open, withStorages, tasks: { Add } }) =>
      withStorages(async (storage) => {
        for (const place of [{}, { storage }]) {
          await using it = await open(place);
          const [there, gone] = [Add({ n: 1 }), Add({ n: 2 })];
          await it.valueOf(there);
          const sum = Add({ n: 0, to: [there, gone] });
          assertEquals(await it.run(sum), { kind: "missing", ids: [gone.id] });
          await it.valueOf(gone);
          assertEquals(await it.valueOf(sum), 3);
        }
      }),
  },
  {
    name: "a result that is forgotten is let go of",
    keepsNothing: true,
    async run({ open, tasks: { Add } }) {
      await using it = await open();
      const leaf = Add({ n: 1 });
      await it.valueOf(leaf);
      assertEquals(await it.valueOf(Add({ n: 1, to: [leaf] })), 2);
      it.session.forget(leaf.id);
      assertEquals(await it.run(Add({ n: 2, to: [leaf] })), { kind: "missing", ids: [leaf.id] });
    },
  },
  {
    name: "what a task throws is the error of the job, with name, message and cause",
    async run({ open, tasks: { Throw, Add } }) {
      await using it = await open();
      for (const what of ["error", "rejection"] as const) {
        const error = await errorOf(it.run(Throw({ what })));
        assertInstanceOf(error, RangeError);
        assertEquals(error.message, "out of range");
        assertEquals(String(error.cause), "TypeError: the cause");
      }
      assertEquals((await errorOf(it.run(Throw({ what: "text" })))).message, "just a text");
      assertEquals(await it.valueOf(Add({ n: 1 })), 1, "it goes on");
    },
  },
  {
    name: "a result that the cache refuses fails the job, and what was kept before stays",
    run: ({ open, withStorages, tasks: { Give } }) =>
      withStorages(async (storage) => {
        await using it = await open({ storage });
        const task: Task = Give({ kind: "function" });
        const { key } = it.place(task);
        const meta = { start: new Date(0), duration: 1 };
        await CACHE.save(storage, key, task, { value: "before", meta });
        const error = await errorOf(it.run(task, { replaces: true }));
        assertMatch(
          error.message,
          /cannot hold the result of ContractGive|result cannot be handed/,
        );
        assertEquals(await CACHE.load(storage, key, task), { value: "before", meta });
      }),
  },
];

async function errorOf(outcome: Promise<{ readonly kind: string }>): Promise<Error> {
  const ended = await outcome as { readonly kind: string; readonly error?: Error };
  assertEquals(ended.kind, "failed");
  assertInstanceOf(ended.error, Error);
  return ended.error;
}
