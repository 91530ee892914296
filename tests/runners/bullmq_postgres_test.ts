import process from "node:process";
import { assertEquals } from "@std/assert";
import { BullmqRunner } from "@labtech/lab/runners/bullmq";
import { LocalStorage } from "@labtech/lab/storages";
import { runnerContract } from "@labtech/lab/testing";
import { BrokerLink } from "../../runners/_bullmq_link.ts";
import { placeOf } from "../../runners/_bullmq_place.ts";
import { PostgresServer, testWithPostgres } from "../servers/postgres.ts";
import { RunnerWithWorker } from "./_bullmq_server.ts";

/** The promises that the broker has a part in; the others are kept by what is the same on all brokers. */
const OF_THE_BROKER = /nested in its params|throws|context$|logs|maxWorkers|drop|a Lab gets/;

let server: PostgresServer | undefined;
let dir = "";
let storages = 0;

// One server for all of them: each run has a queue of its own, each storage a directory.
const cases: [name: string, run: () => Promise<void>][] = [];
runnerContract({
  name: "BullmqRunner on PostgreSQL",
  make: () => new RunnerWithWorker({ connection: { url: server!.url } }),
  storage: () => new LocalStorage({ dir: `${dir}/${storages++}`, shared: true }),
  test: (name, run) => {
    if (OF_THE_BROKER.test(name)) cases.push([name, run]);
  },
});

cases.push(["more queues than emitters of Node.js are meant for: there is no warning", async () => {
  const place = placeOf(new BullmqRunner({ connection: { url: server!.url } }))!;
  const warned: string[] = [];
  const note = ({ message }: Error) => void warned.push(message);
  process.on("warning", note);
  try {
    await using link = await BrokerLink.open(place.broker, place, () => {});
    for (let n = 0; n < 12; n++) await link.queue(`lab.Many${n}`).waitUntilReady();
    await new Promise((resolve) => setTimeout(resolve, 0)); // it is told in the next turn
  } finally {
    process.off("warning", note);
  }
  assertEquals(warned, []);
}]);

let left = cases.length;
for (const [name, run] of cases) {
  testWithPostgres(name, async () => {
    if (server === undefined) {
      dir = await Deno.makeTempDir();
      server = await PostgresServer.start();
    }
    try {
      await run();
    } finally {
      if (--left === 0) {
        await server[Symbol.asyncDispose]();
        await Deno.remove(dir, { recursive: true });
      }
    }
  });
}
