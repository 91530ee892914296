import { assert, assertEquals } from "@std/assert";
import { NullCache } from "@labtech/lab/caches";
import { MemoryStorage } from "@labtech/lab/storages";
import type { PlannedTask } from "../plan.ts";
import { SingleFlight } from "../single_flight.ts";
import type { Outcome } from "../runners/runner.ts";
import type { Claim } from "../storages/storage.ts";
import { task } from "../task.ts";

const Any = task(import.meta, { name: "SingleFlightAny", run: ({ n }: { n: number }) => n });
const cache = new NullCache();
const planned = (n: number): PlannedTask => ({ task: Any({ n }), key: `Key-${n}`, cache });

function flight(
  { storage, mode, over = new AbortController().signal, told = [] }: {
    storage: MemoryStorage | null;
    mode: boolean | "auto";
    over?: AbortSignal;
    told?: string[];
  },
): SingleFlight {
  return new SingleFlight({
    storage,
    mode,
    over,
    waits: () => {},
    tell: (text) => told.push(text),
  });
}

function ran(duration: number): Outcome {
  return { kind: "done", meta: { start: new Date(), duration } };
}

const nothing = () => Promise.resolve(undefined);

/** Flies tasks that take so long, one after the other. Gives how many of them were claimed. */
async function claimsOf(mode: boolean | "auto", durations: readonly number[]): Promise<number> {
  await using single = flight({ storage: new MemoryStorage(), mode });
  let claims = 0;
  for (const [n, duration] of durations.entries()) {
    await single.fly(planned(n), {
      find: nothing,
      run: (claim) => {
        if (claim !== undefined) claims++;
        return Promise.resolve(ran(duration));
      },
    });
  }
  return claims;
}

Deno.test("types whose tasks are all quick are claimed at first only, unless all are to be", async () => {
  const quick = Array.from({ length: 40 }, () => 1);
  assertEquals(await claimsOf("auto", quick), 16);
  assertEquals(await claimsOf(true, quick), 40);
  assertEquals(await claimsOf(false, quick), 0);
});

Deno.test("a type of which one task took its time is claimed from then on", async () => {
  const mixed = Array.from({ length: 40 }, (_, n) => n === 20 ? 50 : 1);
  // 16 to know, four and the long one unclaimed, then 19.
  assertEquals(await claimsOf("auto", mixed), 16 + 19);
});

Deno.test("a claim is held while its task runs, and given back however that ends", async () => {
  const storage = new MemoryStorage();
  await using single = flight({ storage, mode: true });
  const isFree = async () => {
    const claim = await storage.claim("Key-1");
    await claim?.[Symbol.asyncDispose]();
    return claim !== undefined;
  };
  const outcomes: (() => Promise<Outcome>)[] = [
    () => Promise.resolve(ran(1)),
    () => Promise.resolve({ kind: "failed", error: new Error("no") }),
    () => Promise.reject(new Error("broken")),
  ];
  for (const outcome of outcomes) {
    const flying = single.fly(planned(1), {
      find: nothing,
      async run() {
        assertEquals(await isFree(), false);
        return await outcome();
      },
    });
    await flying.catch(() => {});
    assert(await isFree());
  }
});

Deno.test("who finds a task claimed waits for its turn, then has the claim", async () => {
  const storage = new MemoryStorage();
  const told: string[] = [];
  await using single = flight({ storage, mode: "auto", told });
  const claim = await storage.claim("Key-1");
  const run = () => Promise.resolve(ran(1));
  const outcome = await single.fly(planned(1), { find: nothing, run });
  assert(outcome?.kind === "held");
  await claim![Symbol.asyncDispose]();
  assert(await outcome.turn);
  assertEquals(await storage.claim("Key-1"), undefined);
  assertEquals((await single.fly(planned(1), { find: nothing, run }))?.kind, "done");
  assertEquals(told, []);
});

Deno.test("a run that ends while it looks for a result begins no task", async () => {
  const storage = new MemoryStorage();
  await using draft = await storage.create("Key-1");
  await draft.commit();
  const over = new AbortController();
  await using single = flight({ storage, mode: true, over: over.signal });
  const outcome = await single.fly(planned(1), {
    find: () => Promise.resolve(over.abort()),
    run: () => Promise.reject(new Error("it was begun")),
  });
  assertEquals(outcome, { kind: "dropped" });
});

Deno.test("the end of a run ends all waiting, and gives back claims that nobody came for", async () => {
  const storage = new MemoryStorage();
  const over = new AbortController();
  const run = () => Promise.resolve(ran(1));
  {
    await using single = flight({ storage, mode: true, over: over.signal });
    const claims = [await storage.claim("Key-1"), await storage.claim("Key-2")];
    const outcomes = [
      await single.fly(planned(1), { find: nothing, run }),
      await single.fly(planned(2), { find: nothing, run }),
    ];
    await claims[0]![Symbol.asyncDispose]();
    assert(outcomes[0]?.kind === "held" && outcomes[1]?.kind === "held");
    assert(await outcomes[0].turn);
    over.abort();
    assertEquals(await outcomes[1].turn, false);
    assertEquals((await single.fly(planned(3), { find: nothing, run }))?.kind, "dropped");
    await claims[1]![Symbol.asyncDispose]();
  }
  for (const key of ["Key-1", "Key-2", "Key-3"]) assert(await storage.claim(key), key);
});

Deno.test("a task that lost its claim while it ran flies again, and finds what the other saved", async () => {
  class Losing extends MemoryStorage {
    override async claim(key: string): Promise<Claim | undefined> {
      const claim = await super.claim(key);
      return claim && {
        ...{ key, hasEntry: true, token: "lost" },
        isHeld: () => Promise.resolve(false),
        [Symbol.asyncDispose]: () => claim[Symbol.asyncDispose](),
      };
    }
  }
  await using single = flight({ storage: new Losing(), mode: true });
  const failing = () => Promise.resolve({ kind: "failed", error: new Error("lost") } as const);
  const first = await single.fly(planned(1), { find: nothing, run: failing });
  assert(first?.kind === "held");
  assert(await first.turn);
  const find = () => Promise.resolve({ kind: "found" } as const);
  assertEquals((await single.fly(planned(1), { find, run: failing }))?.kind, "found");
});

Deno.test("a storage that fails to claim lets everybody compute", async () => {
  class Failing extends MemoryStorage {
    override claim(): Promise<Claim | undefined> {
      return Promise.reject(new Error("no"));
    }
  }
  for (const storage of [new Failing(), null]) {
    await using single = flight({ storage, mode: true });
    const outcome = await single.fly(planned(1), {
      find: nothing,
      run: (claim) => Promise.resolve(claim === undefined ? ran(1) : { kind: "dropped" }),
    });
    assertEquals(outcome?.kind, "done");
  }
});
