import { describe } from "../describe.ts";
import { StorageError } from "../errors.ts";

/** The options of `RedisStorage`. */
export interface RedisStorageOptions {
  /**
   * The server: `redis://HOST:PORT/DATABASE`, or `rediss://…` with TLS. The port is 6379 and the database
   * 0 where left out. A user and password may stand before the host (`redis://USER:PASSWORD@HOST`),
   * with special characters written as `%XX`.
   */
  readonly url: string | URL;
  /** The user, in place of the one in the URL. */
  readonly username?: string;
  /** The password, in place of the one in the URL. */
  readonly password?: string;
  /**
   * What all keys in Redis begin with, so that several storages, and other programs, can share a
   * database: at most 100 letters, digits and `_ . : / @ -`.
   *
   * @default {"labtech:"}
   */
  readonly prefix?: string;
  /**
   * How long an entry lives after it was saved, in seconds.
   *
   * @default for ever
   */
  readonly ttl?: number;
  /**
   * How long the data of a save that broke off stays on the server, in seconds. A save that goes on
   * renews it, however long it takes. All programs that use a storage should agree on it.
   *
   * @default {600}
   */
  readonly draftTtl?: number;
  /**
   * How long a claim on an entry holds without a sign of life of the program that computes it, in
   * seconds; as long others wait when that program was killed. It is renewed three times as often, by a
   * timer of the program's main thread: a program whose tasks run in that thread and never yield may
   * lose it, and then computes for nothing.
   *
   * @default {5}
   */
  readonly claimTtl?: number;
  /**
   * How long a call waits for the server in all, in ms: for an answer, and for a server that was there
   * and is away to come back.
   *
   * @default {15_000}
   */
  readonly timeout?: number;
  /**
   * The certificate that signed the server's, in PEM, where it is none that everybody trusts; for
   * `rediss:` only.
   */
  readonly ca?: string;
  /**
   * Whether the server is one of a Redis Cluster; the others are found through it.
   *
   * @default {false}
   */
  readonly cluster?: boolean;
}

/** Where a Redis storage lies, and how it is spoken to: what its options come to. */
export interface RedisPlace {
  /** The server and database, for people: without user and password. */
  readonly server: string;
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
  /** Whether the connection is encrypted, and by which certificates in PEM it is trusted. */
  readonly tls: false | { readonly ca?: string };
  /** Whether the server is one of a Redis Cluster. */
  readonly cluster: boolean;
  /** What all keys begin with. */
  readonly prefix: string;
  /** How long an entry lives, in ms; 0 for ever. */
  readonly ttl: number;
  /** How long data lives whose draft gives no sign of life, in ms. */
  readonly draftTtl: number;
  /** How long a claim holds whose program gives no sign of life, in ms. */
  readonly claimTtl: number;
  /** How long a call waits for the server, in ms. */
  readonly timeout: number;
}

/** What a prefix may have: nothing that a pattern of Redis, or its Cluster, takes for something else. */
const PREFIX = /^[A-Za-z0-9_.:/@-]{0,100}$/;
const DEFAULT_PORT = 6379;
/** The longest time that Redis and timers of JavaScript both take, in ms. */
const LONGEST = 2 ** 31 - 1;
/** The longest life of an entry, in seconds: Redis counts in ms, and adds the time that it is. */
const LONGEST_LIFE = 1e12;

/**
 * Reads the options of a storage.
 *
 * @throws {StorageError} When one of them is wrong; it never shows the URL, which may hold a password.
 */
export function redisPlace(options: RedisStorageOptions): RedisPlace {
  const { prefix = "labtech:", ttl, draftTtl = 600, claimTtl = 5, timeout = 15_000 } = options;
  const { ca, cluster } = options;
  if (typeof prefix !== "string" || !PREFIX.test(prefix)) {
    throw new StorageError(
      `Expected a prefix of at most 100 letters, digits and _ . : / @ -, got ${describe(prefix)}`,
    );
  }
  if (cluster !== undefined && typeof cluster !== "boolean") {
    throw new StorageError(`Expected cluster to be true or false, got ${describe(cluster)}`);
  }
  const place = placeOf(options, ca);
  if (cluster && place.database !== 0) {
    throw new StorageError(
      `Expected no database in the URL of a Redis Cluster, which has none, got /${place.database}`,
    );
  }
  return {
    ...place,
    cluster: cluster ?? false,
    prefix,
    ttl: ttl === undefined ? 0 : 1000 * within("ttl", ttl, 1, LONGEST_LIFE, "seconds"),
    draftTtl: 1000 * within("draftTtl", draftTtl, 1, LONGEST / 1000, "seconds"),
    claimTtl: 1000 * within("claimTtl", claimTtl, 1, LONGEST / 1000, "seconds"),
    timeout: within("timeout", timeout, 1, LONGEST, "ms"),
  };
}

type Server = Omit<RedisPlace, "prefix" | "ttl" | "draftTtl" | "claimTtl" | "timeout" | "cluster">;

function placeOf({ url, username, password }: RedisStorageOptions, ca?: string): Server {
  const parsed = typeof url === "string" || url instanceof URL ? URL.parse(url) : null;
  const { protocol = "", hostname = "", pathname = "", search = "", hash = "" } = parsed ?? {};
  const database = /^\/?(\d{1,5})?\/?$/.exec(pathname);
  const isTls = protocol === "rediss:";
  if ((!isTls && protocol !== "redis:") || hostname === "" || !database || search || hash) {
    throw new StorageError(
      "Expected a URL of the form redis://HOST:PORT/DATABASE or rediss://… (with TLS) as storage; " +
        "the one received is not shown, because it may hold a password",
    );
  }
  if (ca !== undefined && !(isTls && typeof ca === "string" && ca.includes("-----BEGIN"))) {
    throw new StorageError(
      "Expected ca to be certificates in PEM (-----BEGIN CERTIFICATE-----…), for a rediss: URL",
    );
  }
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(parsed!.port || DEFAULT_PORT);
  const number = Number(database[1] ?? 0);
  return {
    server: `${protocol}//${hostname}:${port}/${number}`,
    host,
    port,
    database: number,
    username: secret("username", username, parsed!.username),
    password: secret("password", password, parsed!.password),
    tls: isTls && { ca },
  };
}

/** Gives a user name or password: the one given apart, else the one in the URL, if any. */
function secret(name: string, apart: unknown, inUrl: string): string | undefined {
  if (apart !== undefined && typeof apart !== "string") {
    throw new StorageError(`Expected ${name} to be a text`);
  }
  if (apart !== undefined || inUrl === "") return apart;
  try {
    return decodeURIComponent(inUrl);
  } catch {
    throw new StorageError(
      `Expected the ${name} in the URL of the storage with % written as %25; it is not shown`,
    );
  }
}

/** The host and port of a place, as a permission names them. */
export function netOf({ host, port }: Pick<RedisPlace, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function within(name: string, value: number, min: number, max: number, unit: string): number {
  if (typeof value === "number" && value >= min && value <= max) return Math.ceil(value);
  throw new StorageError(`Expected ${name} of ${min} ${unit} or more, got ${describe(value)}`);
}
