import { assertEquals } from "@std/assert";
import { WorkersRunner } from "@labtech/lab/runners";
import type { RunEvent } from "../../progress/events.ts";
import { Leaf } from "../e2e/tasks/numbers.ts";

Deno.test("workers: a job that is given back before it has what it needs does not begin", async () => {
  await using runner = new WorkersRunner();
  const events: RunEvent[] = [];
  const setting = { storage: null, maxWorkers: 1, context: {}, plugins: [], sources: [] };
  await using session = await runner.open({
    ...setting,
    signal: new AbortController().signal,
    labelOf: () => undefined,
    report: (event) => events.push(event),
  }, [Leaf]);
  const run = (n: number) => {
    const [place, uses] = [{ key: `Leaf-${n}`, cache: null }, { wanted: true, shared: false }];
    return session.run({ task: Leaf({ n }), dependencies: [], ...place, ...uses });
  };
  const early = run(1);
  session.drop();
  assertEquals(await early, { kind: "dropped" });
  assertEquals((await run(2)).kind, "done", "it takes others all the same");
  assertEquals(events.filter(({ kind }) => kind === "started").length, 1);
});
