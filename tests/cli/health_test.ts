import { assertEquals } from "@std/assert";
import { serveHealth } from "../../cli/_health.ts";
import type { QueueWorker } from "../../runners/_bullmq_worker.ts";

const granted = Deno.permissions.querySync({ name: "net" }).state === "granted";

Deno.test({
  name:
    `who asks after a worker's health, and does not end its question, keeps nothing from its end${
      granted ? "" : " (skipped: it needs --allow-net)"
    }`,
  ignore: !granted,
  async fn() {
    const counts = { active: 1, done: 2, failed: 0, refused: 0 };
    const ended = new AbortController();
    const server = serveHealth(
      { hostname: "127.0.0.1", port: 0, signal: ended.signal },
      {
        worker: { queues: ["lab.Fit"], counts } as unknown as QueueWorker,
        ...{ name: "one", host: "here", state: () => "draining" },
      },
    );
    const { port } = server.addr;
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    assertEquals([ready.status, (await ready.json()).done], [503, 2]);
    using asking = await Deno.connect({ hostname: "127.0.0.1", port });
    const question = "POST /healthz HTTP/1.1\r\nhost: here\r\ncontent-length: 10\r\n\r\n";
    await asking.write(new TextEncoder().encode(question));
    // It is answered, so the server has it in hand.
    await asking.read(new Uint8Array(1000));
    ended.abort();
    await server.finished;
  },
});
