import { RunnerError } from "../errors.ts";
import {
  type BullEvents,
  type BullEventsProducer,
  type BullPackage,
  type BullProcessor,
  type BullQueue,
  type BullWorker,
  type BullWorkerOptions,
  importPackage,
} from "./_bullmq_package.ts";
import { isAway } from "./_bullmq_away.ts";
import type { Broker } from "./_bullmq_broker.ts";
import { pastUnsound } from "./_bullmq_sound_events.ts";
import { whileAnswered } from "./_bullmq_patience.ts";

/** How many events of a queue the broker keeps, about: some 100 bytes each. */
export const EVENTS = 100_000;
/** What a schema of PostgreSQL that BullMQ has for itself is called. */
const SCHEMA = "bullmq";
/** How long to wait before a lost connection is tried again, in ms: at first, and at most. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2000;
/** How many connections to PostgreSQL there may be, besides one for each queue that is listened to. */
const CONNECTIONS = 4;

/** A client of the broker, which BullMQ works with. */
interface Client {
  readonly connection: unknown;
  /** What makes BullMQ speak to another kind of server than Redis. */
  readonly backend: unknown;
  /** Makes room for one that listens, and keeps its connection for that. */
  makeRoom(): void;
  /** Resolves when the broker answers. */
  ask(): Promise<unknown>;
  close(): Promise<void>;
}

/** How {@linkcode BrokerLink.open} waits. */
export interface LinkOptions {
  /** How long the broker may take to answer, in ms. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

/** The connection to a broker, and all that BullMQ has opened by it. */
export class BrokerLink implements AsyncDisposable {
  readonly #bull: BullPackage;
  readonly #client: Client;
  readonly #opened: { close(): Promise<void> }[] = [];
  readonly #onError: (error: Error) => void;
  /** Whether the broker was waited for in vain by who wants to end. */
  #isGone = false;

  private constructor(bull: BullPackage, client: Client, onError: (error: Error) => void) {
    this.#bull = bull;
    this.#client = client;
    this.#onError = onError;
  }

  /**
   * Connects to a broker. One that is lost later is waited for, and what was asked of it is asked again.
   *
   * @param onError Is told of what goes wrong later, beside the calls.
   * @throws {RunnerError} When it cannot be reached, or does not let the program in.
   * @throws The reason of the signal, when that aborts before.
   */
  static async open(
    broker: Broker,
    { timeout, signal }: LinkOptions,
    onError: (error: Error) => void,
  ): Promise<BrokerLink> {
    signal?.throwIfAborted();
    const bull = await importPackage<BullPackage>("bullmq");
    let isOpen = false;
    const told = (error: Error) => {
      if (isOpen) onError(error);
    };
    const opening = broker.kind === "redis"
      ? openRedis(broker, { timeout, signal }, told)
      : openPostgres(bull, broker, timeout, told);
    try {
      const link = new BrokerLink(bull, await opening, told);
      isOpen = true;
      return link;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RunnerError) throw error;
      const cause = withoutSecrets(error);
      throw new RunnerError(
        `The broker ${broker.server} of the runner "bullmq" cannot be used: ${textOf(cause)}`,
        { cause },
      );
    }
  }

  /** Opens a queue, to add jobs and look after them. */
  queue(name: string): BullQueue {
    const streams = { events: { maxLen: EVENTS } };
    return this.#keep(
      new this.#bull.Queue(name, { connection: this.#client.connection, streams }, this.#backend),
    );
  }

  /** Listens to what happens to the jobs of a queue. */
  events(name: string): BullEvents {
    this.#client.makeRoom();
    const { connection } = this.#client;
    const events = new this.#bull.QueueEvents(name, { connection }, this.#backend);
    // BullMQ closes the connection of one that could not begin only if it is told so itself.
    const close = () => events.close().catch(() => events.getBackend?.().close());
    return pastUnsound(this.#keep(events, close));
  }

  /** Tells who listens to a queue. */
  producer(name: string): BullEventsProducer {
    const { connection } = this.#client;
    return this.#keep(new this.#bull.QueueEventsProducer(name, { connection }, this.#backend));
  }

  /** Takes jobs from a queue, once it is run. */
  worker(
    name: string,
    processor: BullProcessor,
    options: Omit<BullWorkerOptions, "connection">,
  ): BullWorker {
    this.#client.makeRoom();
    const { connection } = this.#client;
    return this.#keep(
      new this.#bull.Worker(name, processor, { ...options, connection }, this.#backend),
    );
  }

  /** Waits for something that is done with the broker, as long as that answers. */
  async whileAnswered(work: Promise<unknown>): Promise<void> {
    if (this.#isGone) return;
    this.#isGone = !await whileAnswered(work, () => this.#client.ask());
  }

  /** Closes all that was opened, and the connection. Workers finish what they run before. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.#opened.splice(0).map((each) => each.close());
    await this.whileAnswered(Promise.allSettled(closing));
    await this.#client.close();
  }

  get #backend(): unknown {
    return this.#client.backend;
  }

  #keep<T extends BullQueue | BullEvents | BullEventsProducer | BullWorker>(
    opened: T,
    close = (): Promise<void> => opened.close(),
  ): T {
    (opened as BullQueue).on("error", this.#onError);
    this.#opened.push({ close });
    return opened;
  }
}

interface Redis {
  on(event: "error", listener: (error: Error) => void): unknown;
  connect(): Promise<void>;
  ping(): Promise<unknown>;
  disconnect(): void;
}

async function openRedis(
  { host, port, database, username, password, tls }: Broker,
  { timeout, signal }: LinkOptions,
  onError: (error: Error) => void,
): Promise<Client> {
  const { Redis } = await importPackage<{ readonly Redis: new (options: object) => Redis }>(
    "redis",
  );
  const redis = new Redis({
    ...{ host, port, username, password, db: Number(database) },
    ...(tls && { tls: { ca: tls.ca, servername: isAddress(host) ? undefined : host } }),
    connectTimeout: timeout,
    lazyConnect: true,
    maxRetriesPerRequest: null, // as BullMQ wants it: calls wait for a broker that is away
    retryStrategy: (times: number) => Math.min(FIRST_WAIT * 2 ** times, LONGEST_WAIT),
  });
  let first: Error | undefined;
  redis.on("error", (error) => {
    first ??= error;
    onError(error);
  });
  try {
    await within(redis.connect(), { timeout, signal });
  } catch (error) {
    redis.disconnect();
    throw first ?? error;
  }
  return {
    connection: redis,
    backend: undefined,
    makeRoom: () => {}, // BullMQ opens connections of its own
    ask: () => redis.ping(),
    close: () => {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

interface Pool {
  on(event: "error", listener: (error: Error) => void): unknown;
  connect(): Promise<{ release(): void }>;
  query(...args: unknown[]): Promise<unknown>;
  end(): Promise<void>;
  setMaxListeners(count: number): unknown;
  readonly options: { max: number };
}

async function openPostgres(
  bull: BullPackage,
  { host, port, database, username, password, tls }: Broker,
  timeout: number,
  onError: (error: Error) => void,
): Promise<Client> {
  const { Pool } = await importPackage<{ readonly Pool: new (options: object) => Pool }>(
    "postgres",
  );
  const pool = new Pool({
    ...{ host, port, database, user: username, password },
    ssl: tls && { ca: tls.ca, servername: isAddress(host) ? undefined : host },
    options: `-c search_path=${SCHEMA}`,
    connectionTimeoutMillis: timeout,
    keepAlive: true,
    max: CONNECTIONS,
  });
  pool.on("error", onError);
  pool.setMaxListeners(Infinity); // each queue is one: Node.js would warn of the eleventh
  const query = pool.query.bind(pool);
  pool.query = (...args) =>
    query(...args).catch((error: unknown) => Promise.reject(refused(error)));
  try {
    const client = await pool.connect();
    try {
      await bull.runMigrations(client, SCHEMA);
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    connection: pool,
    backend: bull.createPostgresBackend,
    makeRoom: () => void pool.options.max++,
    ask: () => pool.query("SELECT 1"),
    close: () => pool.end(),
  };
}

/**
 * Of all that a server says and does which is started again, BullMQ knows but the refusal of a connection as a
 * reason to ask once more: of the rest it would say that the task failed.
 */
function refused(error: unknown): unknown {
  if (!isAway(error)) return error;
  return Object.assign(new Error(textOf(error), { cause: error }), { code: "ECONNREFUSED" });
}

/** Errors of Redis have the command in them that was refused: with the password, where it was `AUTH`. */
function withoutSecrets(error: unknown): Error {
  const { name, code } = Object(error);
  const plain = new Error(textOf(error));
  if (typeof name === "string") plain.name = name;
  return code === undefined ? plain : Object.assign(plain, { code });
}

async function within<T>(promise: Promise<T>, { timeout, signal }: LinkOptions): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout);
  const stop = () => reject(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop(); // while the client was loaded
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

// Errors of connections that were refused at several addresses have no message of their own.
function textOf(error: unknown): string {
  const { message = "", code = "" } = error as { message?: string; code?: string };
  return message || code || String(error);
}

/** Names of servers are sent for TLS, addresses may not be (RFC 6066, section 3). */
function isAddress(host: string): boolean {
  return host.includes(":") || /^[\d.]+$/.test(host);
}
