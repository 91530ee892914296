import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { TaskError } from "@labtech/lab";
import { inWords, labError, quietLab, RUNNERS } from "./_lab.ts";
import { linesOf, scratch } from "./_scratch.ts";
import { Giving, Throwing } from "./tasks/faults.ts";
import { Failing, Leaf, Sum } from "./tasks/numbers.ts";
import type { Task } from "@labtech/lab";

for (const runner of RUNNERS) {
  Deno.test(`${runner}: all that can run runs; what depends on a failure is skipped and names it`, async () => {
    await using place = await scratch();
    const context = { trace: place.path("trace") };
    await using lab = quietLab({ runner, storage: place.path("results"), context });
    const failing = Failing({ why: "broken" }) as Task<number>;
    const below = Sum({ of: [failing, Leaf({ n: 1 })] });
    const far = Sum({ of: [below], plus: 1 });
    const fine = Sum({ of: [Leaf({ n: 2 })] });
    const { message, failures, skipped, results, cause } = await labError(
      lab.runTasks([far, fine, below]),
    );
    assertMatch(
      message,
      /^Failed to complete 3 of 6 tasks:\n {2}Failing\(why="broken"\) failed: broken\n {2}2 skipped, since they need what failed$/,
    );
    assertEquals(inWords(failures), {
      'Failing(why="broken")': 'Failing(why="broken") failed: broken',
    });
    assertEquals(inWords(skipped), { [`${below}`]: `${failing}`, [`${far}`]: `${failing}` });
    const [error] = failures.values();
    assertInstanceOf(error, TaskError);
    assertInstanceOf(error.cause, TypeError);
    assertInstanceOf(cause, Error);
    assertEquals([...results!.entries()].map(([task, result]) => [task.id, result]), [[
      fine.id,
      2,
    ]]);
    assertEquals(results!.has(far), false);
    assertEquals(fine.result, 2);
    const { tasks, run, cached, failed, skipped: rest } = results!.summary;
    assertEquals({ tasks, run, cached, failed, rest }, {
      tasks: 6,
      run: 3,
      cached: 0,
      failed: 1,
      rest: 2,
    });
    assertEquals(await lab.isCached(Leaf({ n: 1 })), true, "what was done is kept");

    const again = await labError(lab.runTasks([far]));
    assertEquals(again.failures.size, 1);
    assertEquals(linesOf(context.trace).filter((line) => line.startsWith("Failing")).length, 2);
    assertEquals(linesOf(context.trace).filter((line) => line.startsWith("Leaf")).length, 2);
  });

  Deno.test(`${runner}: without continueOnFailure nothing new starts after a failure`, async () => {
    await using place = await scratch();
    const context = { trace: place.path("trace") };
    await using lab = quietLab({
      runner,
      maxWorkers: 1,
      storage: place.path("results"),
      context,
      continueOnFailure: false,
    });
    const chains = Array.from({ length: 20 }, (_, n) => Sum({ of: [Leaf({ n })] }));
    const failing = Failing({ why: "first" }) as Task<number>;
    const { failures, skipped, results, message } = await labError(
      lab.runTasks([Sum({ of: [Sum({ of: [failing] })] }), ...chains]),
    );
    assertEquals(failures.size, 1);
    assertStringIncludes(message, "first");
    const ran = linesOf(context.trace).filter((line) => !line.startsWith("Failing")).length;
    assert(ran < 5, `${ran} tasks ran after the failure`);
    assertEquals(skipped.size, 42 - ran);
    assertEquals(results!.summary.run, ran);
    const roots = new Set([...skipped.values()].map(String));
    assertEquals(roots, new Set(['Failing(why="first")', "undefined"]));
  });

  Deno.test(`${runner}: what was thrown is the cause, with its class, its message and its own causes`, async () => {
    await using lab = quietLab({ runner, storage: null });
    const kinds = [
      "TypeError",
      "own error",
      "string",
      "undefined",
      "object",
      "no text",
      "rejection",
      "hostile error",
    ];
    const tasks = kinds.map((kind) => Throwing({ kind }));
    const { failures } = await labError(lab.runTasks(tasks));
    const causes = Object.fromEntries(
      [...failures].map((
        [task, { cause }],
      ) => [(task.params as { kind: string }).kind, cause as Error]),
    );
    assertEquals(Object.keys(causes).length, kinds.length);
    const inShort = (error: unknown) => `${error instanceof Error} ${error}`;
    assertEquals(inShort(causes["TypeError"]), "true TypeError: not a type");
    assertInstanceOf(causes["TypeError"], TypeError);
    assertStringIncludes(causes["TypeError"].stack!, "faults.ts");
    assertEquals(inShort(causes["own error"]), "true ModelError: diverged");
    const step = causes["own error"]!.cause as Error;
    assertEquals(inShort(step), "true RangeError: step");
    assertStringIncludes(String(step.cause), "too large");
    assertEquals(causes["string"]!.message, "just a string");
    assertEquals(causes["undefined"]!.message, "undefined");
    assertStringIncludes(causes["object"]!.message, "code: 7");
    assertStringIncludes(causes["no text"]!.message, "code: 8");
    assertEquals(inShort(causes["rejection"]), "true URIError: later");
    assertEquals(causes["hostile error"]!.message, "got");
  });

  for (
    const [cache, what] of [["structured", "function"], ["json", "NaN"], ["v8", "function"], [
      "structured",
      "unknown",
    ]] as const
  ) {
    Deno.test(`${runner}: a result that the cache ${cache} refuses (${what}) fails the task, and the earlier one stays`, async () => {
      await using place = await scratch();
      const storage = place.path("results");
      await using before = quietLab({ runner, storage, cache, context: { instead: "fine" } });
      const task = Giving({ what });
      await before.runTask(task);
      await using lab = quietLab({ runner, storage, cache });
      const { failures } = await labError(
        lab.runTasks([task, Giving({ what: "more" })], { bustCache: true }),
      );
      assertEquals([...failures.keys()].map(({ id }) => id), [task.id]);
      const cause = [...failures.values()][0]!.cause as Error;
      assertEquals(cause.name, "CacheError");
      assertStringIncludes(cause.message, `The cache "${cache}" cannot hold the result of Giving`);
      assertEquals(await lab.runTask(Giving({ what })), "fine");
      assertEquals(await lab.runTask(Giving({ what: "more" })), "more");
    });
  }
}

Deno.test("failures that are alike are told on one line, with how many there are", async () => {
  await using lab = quietLab({ runner: "serial", storage: null });
  const tasks = Array.from({ length: 5 }, (_, n) => Throwing({ kind: "TypeError", n }));
  const { message } = await labError(lab.runTasks(tasks));
  assertMatch(
    message,
    /^Failed to complete 5 of 5 tasks:\n {2}5 tasks of Throwing: TypeError: [^\n]* \(first: Throwing\(.*n=0\)\)$/,
  );
});
