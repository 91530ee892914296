import { describe } from "../describe.ts";
import { RunnerError } from "../errors.ts";

/** Where the broker is. */
export interface BullmqConnectionOptions {
  /**
   * The broker: `redis://HOST:PORT/DATABASE` or `rediss://…` (with TLS) for Redis, and
   * `postgres://HOST:PORT/DATABASE` for PostgreSQL. A user and password may stand before the host, with
   * special characters written as `%XX`.
   */
  readonly url: string | URL;
  /** The user, in place of the one in the URL. */
  readonly username?: string;
  /** The password, in place of the one in the URL. */
  readonly password?: string;
  /** The certificate that signed the server's, in PEM, where it is none that everybody trusts. */
  readonly ca?: string;
  /** Whether PostgreSQL is spoken to by TLS; for Redis, the URL says it. @default {false} */
  readonly tls?: boolean;
}

/** What the options of a connection come to. */
export interface Broker {
  readonly kind: "redis" | "postgres";
  /** For people: without user and password. */
  readonly server: string;
  readonly host: string;
  readonly port: number;
  /** The number of Redis' database, the name of PostgreSQL's. */
  readonly database: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Whether the connection is encrypted, and by which certificates in PEM it is trusted. */
  readonly tls: false | { readonly ca?: string };
}

const SCHEMES: Readonly<Record<string, { readonly kind: Broker["kind"]; readonly port: number }>> =
  {
    "redis:": { kind: "redis", port: 6379 },
    "rediss:": { kind: "redis", port: 6379 },
    "postgres:": { kind: "postgres", port: 5432 },
    "postgresql:": { kind: "postgres", port: 5432 },
  };

/**
 * Reads where a broker is.
 *
 * @throws {RunnerError} When an option is wrong; it never shows the URL, which may hold a password.
 */
export function brokerOf(options: BullmqConnectionOptions): Broker {
  const { url, ca, tls } = options;
  const parsed = typeof url === "string" || url instanceof URL ? URL.parse(url) : null;
  const scheme = parsed === null ? undefined : SCHEMES[parsed.protocol];
  const database = parsed === null ? "" : parsed.pathname.replace(/^\/|\/$/g, "");
  const isRedis = scheme?.kind === "redis";
  const isDatabase = isRedis ? /^\d{0,5}$/.test(database) : /^[\w-]{1,63}$/.test(database);
  if (
    parsed === null || scheme === undefined || parsed.hostname === "" || !isDatabase ||
    parsed.search !== "" || parsed.hash !== ""
  ) {
    throw new RunnerError(
      "Expected a URL of the form redis://HOST:PORT/DATABASE, rediss://… (with TLS) or " +
        'postgres://HOST:PORT/DATABASE as connection of the runner "bullmq"; the one received is not ' +
        "shown, because it may hold a password",
    );
  }
  const isEncrypted = isRedis ? parsed.protocol === "rediss:" : tls === true;
  if (isRedis && tls !== undefined && tls !== isEncrypted) {
    throw new RunnerError("Expected rediss://… as URL of a Redis that is spoken to by TLS");
  }
  if (ca !== undefined && !(isEncrypted && typeof ca === "string" && ca.includes("-----BEGIN"))) {
    throw new RunnerError(
      "Expected ca to be certificates in PEM (-----BEGIN CERTIFICATE-----…), for a connection with TLS",
    );
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(parsed.port || scheme.port);
  const name = isRedis ? String(Number(database)) : database;
  return {
    kind: scheme.kind,
    server: `${parsed.protocol}//${parsed.hostname}:${port}/${name}`,
    host,
    port,
    database: name,
    username: secret("username", options.username, parsed.username),
    password: secret("password", options.password, parsed.password),
    tls: isEncrypted && { ca },
  };
}

/** The host and port of a broker, as a permission names them. */
export function netOf({ host, port }: Broker): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Gives a user name or password: the one given apart, else the one in the URL, if any. */
function secret(name: string, apart: unknown, inUrl: string): string | undefined {
  if (apart !== undefined && typeof apart !== "string") {
    throw new RunnerError(`Expected ${name} to be a text, got ${describe(typeof apart)}`);
  }
  if (apart !== undefined) return apart;
  if (inUrl === "") return undefined;
  try {
    return decodeURIComponent(inUrl);
  } catch {
    throw new RunnerError(
      `Expected the ${name} in the URL of the broker with % written as %25; it is not shown`,
    );
  }
}
