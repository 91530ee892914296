import { LocalStorage } from "@labtech/lab/storages";
import { runnerContract } from "@labtech/lab/testing";
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
