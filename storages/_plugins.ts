import * as v from "valibot";
import type { Plugin } from "../plugin.ts";
import { LocalStorage, type LocalStorageOptions } from "./local.ts";
import { MemoryStorage, type MemoryStorageOptions } from "./memory.ts";
import { NullStorage } from "./null.ts";
import { RedisStorage, type RedisStorageOptions } from "./redis.ts";
import { SqliteStorage, type SqliteStorageOptions } from "./sqlite.ts";
import type { Storage } from "./storage.ts";

/** The options of {@link NullStorage}: none. */
export type NullStorageOptions = Record<never, never>;

const DURABILITY = v.optional(
  v.pipe(
    v.picklist(["auto", "always", "never"]),
    v.description(
      "Which entries survive a loss of power: those that took a second or more to compute, " +
        "all, or none",
    ),
  ),
  "auto",
);

/** Makes a {@link LocalStorage}. */
export const localPlugin: Plugin<Storage, LocalStorageOptions> = {
  name: "local",
  summary: "A directory: each entry is a folder of files",
  options: v.strictObject({
    dir: v.pipe(
      v.string(),
      v.nonEmpty("Expected the path of a directory"),
      v.description("The directory; made if missing, parents too"),
    ),
    gitignore: v.optional(
      v.pipe(
        v.boolean(),
        v.description("Whether to write a .gitignore of * into it, in place of any other"),
      ),
      true,
    ),
    durability: DURABILITY,
    shared: v.optional(
      v.pipe(
        v.boolean(),
        v.description("Whether other machines see the same directory, so that tasks may run there"),
      ),
      false,
    ),
  }),
  create: ({ dir, ...options }, env) =>
    new LocalStorage({ dir: env.path(String(dir)), ...options }),
};

/** Makes a {@link SqliteStorage}. */
export const sqlitePlugin: Plugin<Storage, SqliteStorageOptions> = {
  name: "sqlite",
  summary: "One SQLite file: fast for very many small results",
  options: v.strictObject({
    file: v.pipe(
      v.string(),
      v.nonEmpty("Expected the path of a file"),
      v.description("The file; made if missing, its folder too; on a disk of this machine"),
    ),
    durability: DURABILITY,
  }),
  create: ({ file, ...options }, env) =>
    new SqliteStorage({ file: env.path(String(file)), ...options }),
};

/** A text that is not shown where it is wrong: it may be, or hold, a password. */
const SECRET = v.string("Expected a text (what was received is not shown)");

/** Makes a {@link RedisStorage}. */
export const redisPlugin: Plugin<Storage, RedisStorageOptions> = {
  name: "redis",
  summary: "A Redis server: for results that a team shares",
  options: v.strictObject({
    url: v.pipe(
      SECRET,
      v.nonEmpty("Expected the URL of a server"),
      v.description("The server: redis://HOST:PORT/DATABASE, or rediss://… with TLS"),
    ),
    username: v.optional(
      v.pipe(SECRET, v.description("The user, in place of the one in the URL")),
    ),
    password: v.optional(
      v.pipe(
        SECRET,
        v.description('The password, in place of the one in the URL; best as { "env": "NAME" }'),
      ),
    ),
    prefix: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^[A-Za-z0-9_.:/@-]{0,100}$/, "Expected letters, digits and _ . : / @ -"),
        v.description("What all keys in Redis begin with"),
      ),
      "labtech:",
    ),
    ttl: v.optional(
      v.pipe(
        v.number(),
        v.minValue(1, "Expected 1 second or more"),
        v.description("How many seconds an entry lives after it was saved; for ever if left out"),
      ),
    ),
    draftTtl: v.optional(
      v.pipe(
        v.number(),
        v.minValue(1, "Expected 1 second or more"),
        v.description("How many seconds the data of a save that broke off stays on the server"),
      ),
      600,
    ),
    claimTtl: v.optional(
      v.pipe(
        v.number(),
        v.minValue(1, "Expected 1 second or more"),
        v.description(
          "How many seconds a claim on an entry holds without a sign of life of who computes it",
        ),
      ),
      5,
    ),
    timeout: v.optional(
      v.pipe(
        v.number(),
        v.minValue(1, "Expected 1 ms or more"),
        v.description("How long a call waits for the server, in ms"),
      ),
      15_000,
    ),
    ca: v.optional(
      v.pipe(SECRET, v.description("The certificate that signed the server's, in PEM")),
    ),
    cluster: v.optional(
      v.pipe(v.boolean(), v.description("Whether the server is one of a Redis Cluster")),
      false,
    ),
  }),
  create: (options) => new RedisStorage(options),
};

/** Makes a {@link MemoryStorage}. */
export const memoryPlugin: Plugin<Storage, MemoryStorageOptions> = {
  name: "memory",
  summary: "The memory of one thread: gone when the program ends",
  options: v.strictObject({
    maxBytes: v.optional(
      v.pipe(
        v.number(),
        v.integer("Expected a whole number of bytes"),
        v.minValue(0, "Expected 0 bytes or more"),
        v.description("How many bytes all entries may have together; no limit if left out"),
      ),
    ),
  }),
  create: (options) => new MemoryStorage(options),
};

/** Makes a {@link NullStorage}. */
export const nullPlugin: Plugin<Storage, NullStorageOptions> = {
  name: "null",
  summary: "Stores nothing and finds nothing",
  options: v.strictObject({}),
  create: () => new NullStorage(),
};
