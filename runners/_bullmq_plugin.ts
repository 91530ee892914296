import * as v from "valibot";
import type { Plugin } from "../plugin.ts";
import { BullmqRunner, type BullmqRunnerOptions } from "./bullmq.ts";
import type { Runner } from "./runner.ts";

/** A text that is not shown where it is wrong: it may be, or hold, a password. */
const SECRET = v.string("Expected a text (what was received is not shown)");

const ms = (description: string, fallback: number) =>
  v.optional(
    v.pipe(v.number(), v.minValue(100, "Expected 100 ms or more"), v.description(description)),
    fallback,
  );

const connection = v.pipe(
  v.strictObject({
    url: v.pipe(
      SECRET,
      v.nonEmpty("Expected the URL of a server"),
      v.description(
        "The broker: redis://HOST:PORT/DATABASE, rediss://… with TLS, or postgres://HOST:PORT/DATABASE",
      ),
    ),
    username: v.optional(v.pipe(SECRET, v.description("The user, in place of the one in the URL"))),
    password: v.optional(
      v.pipe(
        SECRET,
        v.description('The password, in place of the one in the URL; best as { "env": "NAME" }'),
      ),
    ),
    ca: v.optional(
      v.pipe(SECRET, v.description("The certificate that signed the server's, in PEM")),
    ),
    tls: v.optional(
      v.pipe(v.boolean(), v.description("Whether PostgreSQL is spoken to by TLS")),
    ),
  }, "Expected { url, … } (what was received is not shown)"),
  v.description("Where the broker is"),
);

/** Makes a {@linkcode BullmqRunner}. */
export const bullmqPlugin: Plugin<Runner, BullmqRunnerOptions> = {
  name: "bullmq",
  summary: "A queue on Redis or PostgreSQL, for workers on any machine",
  options: v.strictObject({
    connection,
    queue: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'Expected 1 to 64 letters, digits, "_" and "-"'),
        v.description("What the names of all queues begin with; one for each storage"),
      ),
      "lab",
    ),
    maxWorkers: v.optional(
      v.pipe(
        v.number(),
        v.integer("Expected a whole number of tasks"),
        v.minValue(1, "Expected 1 task or more"),
        v.description("How many tasks of one program are in the queue or run at once"),
      ),
      100_000,
    ),
    sharedStorage: v.optional(
      v.pipe(
        v.boolean(),
        v.description("Says that other machines see the storage, where it cannot tell by itself"),
      ),
      false,
    ),
    local: v.optional(
      v.pipe(
        v.picklist(["workers", "processes", "async", "serial"]),
        v.description("The runner that a worker runs tasks by"),
      ),
    ),
    lease: ms("How long a worker's hold on a job lasts without a sign of life, in ms", 30_000),
    maxStalls: v.optional(
      v.pipe(
        v.number(),
        v.integer("Expected a whole number"),
        v.minValue(0, "Expected 0 or more"),
        v.description("How often a job may lose its worker before it fails"),
      ),
      3,
    ),
    refusalTimeout: ms(
      "How long a job is offered to workers that all have other code, in ms, before it fails",
      60_000,
    ),
    timeout: ms("How long the broker may take to answer at the beginning, in ms", 15_000),
  }),
  create: (options) => new BullmqRunner(options),
};
