import { assertEquals } from "@std/assert";
import { Participant } from "../../runners/_participant.ts";
import {
  IN_MEMORY,
  type JobMessage,
  type OutcomeMessage,
  QUEUED,
  SharedPlaces,
  STOP,
  TOLD,
} from "../../runners/_worker_protocol.ts";
import { taskToJson } from "../../serialize.ts";
import { Leaf } from "../e2e/tasks/numbers.ts";

/** Gives a job to a worker. Gives what became of it. */
async function outcomeOf(places: SharedPlaces): Promise<OutcomeMessage> {
  const { promise, resolve } = Promise.withResolvers<OutcomeMessage>();
  await using participant = new Participant({
    ...{ kind: "setup", places: places.buffer, storage: null, plugins: [], sources: [] },
    ...{ context: {}, signing: undefined },
  }, (message) => {
    if (message.kind !== "report") return;
    const seen = places.states[0] === IN_MEMORY ? places.outcomes.get(0) : undefined;
    const outcome = seen ?? message.outcomes[0];
    if (outcome !== undefined) resolve(outcome);
  });
  const task = Leaf({ n: 7 });
  const job: JobMessage = {
    ...{ place: 0, id: task.id, key: "Leaf-7", cache: -1, handOver: true, shared: false },
    ...{ attempt: undefined, claim: undefined, dependencies: [] },
  };
  places.states[0] = QUEUED;
  const told = { id: task.id, module: task.type.module, json: taskToJson(task) };
  participant.take({ kind: "work", tasks: [told], caches: [], jobs: [job], forget: [] });
  return await promise;
}

Deno.test("workers: one that was told to stop begins nothing that it has in hand", async () => {
  assertEquals((await outcomeOf(new SharedPlaces())).kind, "done");
  const places = new SharedPlaces();
  places.states[STOP] = TOLD;
  assertEquals(await outcomeOf(places), { place: 0, kind: "passed" });
});
