import type { QueueWorker } from "../runners/_bullmq_worker.ts";

/** What a worker is doing: taking jobs, or finishing those that it has. */
export type WorkerState = "running" | "draining";

/** What the health endpoint tells of. */
export interface Health {
  readonly worker: QueueWorker;
  readonly name: string;
  readonly host: string;
  readonly state: () => WorkerState;
}

/** Where the health endpoint is, and when it ends. */
export interface HealthPlace {
  readonly hostname: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

/**
 * Answers whoever asks how a worker is: `/healthz` says that it lives, `/readyz` (503 where not) that it takes
 * jobs. Both give JSON. Ends when the signal aborts, whatever those who ask do: to wait for one that does not
 * send all that it announced would keep the worker from its end.
 */
export function serveHealth(
  { hostname, port, signal }: HealthPlace,
  { worker, name, host, state }: Health,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname, port, signal, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (!["/healthz", "/readyz"].includes(pathname)) return new Response(null, { status: 404 });
    const isReady = state() === "running";
    const status = pathname === "/readyz" && !isReady ? 503 : 200;
    const { queues, counts } = worker;
    return Response.json({ state: state(), worker: name, host, ...counts, queues }, { status });
  });
}
