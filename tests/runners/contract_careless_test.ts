import { type Outcome, type RunnerSession, SerialRunner } from "@labtech/lab/runners";
import { runnerContract } from "@labtech/lab/testing";
import { assertEquals, AssertionError, assertRejects } from "@std/assert";

/** Gives all jobs back, as one does whose workers cannot start. */
class IdleRunner extends SerialRunner {
  override async open(...setting: Parameters<SerialRunner["open"]>): Promise<RunnerSession> {
    const session = await super.open(...setting);
    session.run = (): Promise<Outcome> => Promise.resolve({ kind: "dropped" });
    return session;
  }
}

Deno.test("the contract of runners waits for no task of a runner that begins none", async () => {
  const cases: (() => Promise<void>)[] = [];
  runnerContract({
    name: "IdleRunner",
    make: () => new IdleRunner(),
    test: (name, run) => /an abort reaches|runs follow each other/.test(name) && cases.push(run),
  });
  assertEquals(cases.length, 2);
  for (const run of cases) await assertRejects(run, AssertionError, "ended");
});
