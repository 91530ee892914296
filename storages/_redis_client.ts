/**
 * The part of the npm package `@redis/client` that is used. It is loaded by the first call that speaks
 * to a server; why this one was chosen is told in `docs/redis.md`.
 *
 * @module
 */

import { builtin } from "../builtin.ts";
import { importPackage } from "./_packages.ts";
import type { RedisPlace } from "./_redis_place.ts";

/** What a server answers. */
export type RedisReply = null | number | Uint8Array<ArrayBuffer> | string | readonly RedisReply[];

/** A command with its arguments; bytes are a `Buffer`. */
export type RedisCommand = readonly (string | Uint8Array)[];

/** A connection to one server, or to all of a cluster. */
export interface RedisLink {
  /** Sends a command to the server that has the key; to any where there is none. */
  send(command: RedisCommand, key?: string): Promise<RedisReply>;
  /** One link for each server that holds a part of the keys. */
  parts(): Promise<readonly RedisLink[]>;
  /** Ends the connection at once; what is under way is rejected. */
  close(): void;
}

/** A new link, and what tells an answer that is an error from a failure to get one. */
export interface Linked {
  readonly link: RedisLink;
  readonly isErrorReply: (error: unknown) => boolean;
}

interface Client {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  unref(): void;
  destroy(): void;
  sendCommand(command: RedisCommand): Promise<RedisReply>;
}

interface Cluster {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
  sendCommand(
    key: string | undefined,
    isReadonly: boolean | undefined,
    command: RedisCommand,
  ): Promise<RedisReply>;
  readonly masters: readonly unknown[];
  nodeClient(node: unknown): Client | Promise<Client>;
}

interface Package {
  createClient(options: unknown): Client;
  createCluster(options: unknown): Cluster;
  readonly ErrorReply: new () => Error;
  readonly ConnectionTimeoutError: new () => Error;
}

/** The code of a reply that is bytes, in the protocol of Redis: `$`. */
const BYTES = 36;

/** How long it may take to reach a server, in ms. */
const REACHED = 5000;
/**
 * Where a timer comes later than this, in ms, the program stood still and not the server, whose answer may lie
 * there: its time begins anew.
 */
export const HALTED = 500;

/** Connects to the server of a place. `onLoss` is told when the connection is lost. */
export async function connect(place: RedisPlace, onLoss: () => void): Promise<Linked> {
  const client = await importPackage<Package>("redis");
  const isErrorReply = (error: unknown) => error instanceof client.ErrorReply;
  let isThere = false;
  // What fails while it is reached is no loss, but tried again or thrown.
  const onError = () => isThere && onLoss();
  const reach = () => (place.cluster ? linkCluster : linkServer)(client, place, onError);
  const start = performance.now();
  const link = await reach().catch((error) => {
    const isLate = performance.now() > start + reachedWithin(place) + HALTED;
    if (isLate && error instanceof client.ConnectionTimeoutError) return reach();
    throw error;
  });
  isThere = true;
  return { link, isErrorReply };
}

async function linkServer(
  { createClient }: Package,
  place: RedisPlace,
  onLoss: () => void,
): Promise<RedisLink> {
  const client = createClient({
    ...optionsFor(place),
    socket: socketOf(place),
    database: place.database,
  });
  client.on("error", onLoss);
  try {
    await client.connect();
  } catch (error) {
    client.destroy();
    throw error;
  }
  // A program that forgot to dispose its storage ends all the same; who waits for an answer has a timer.
  client.unref();
  const link: RedisLink = {
    send: (command) => client.sendCommand(command),
    parts: () => Promise.resolve([link]),
    close: () => client.destroy(),
  };
  return link;
}

async function linkCluster(
  { createCluster }: Package,
  place: RedisPlace,
  onLoss: () => void,
): Promise<RedisLink> {
  const socket = socketOf(place);
  const options = optionsFor(place);
  const cluster = createCluster({
    rootNodes: [{ ...options, socket }],
    defaults: { ...options, socket: { ...socket, host: undefined, port: undefined } },
    RESP: 2,
    commandOptions: options.commandOptions,
  });
  cluster.on("error", onLoss);
  try {
    await cluster.connect();
    await unrefAll(cluster);
  } catch (error) {
    cluster.destroy();
    throw error;
  }
  return {
    send: (command, key) => cluster.sendCommand(key, false, command),
    parts: async () => {
      const clients = await Promise.all(cluster.masters.map((node) => cluster.nodeClient(node)));
      return clients.map((client): RedisLink => ({
        send: (command) => client.sendCommand(command),
        parts: () => Promise.reject(new TypeError("A part has no parts")),
        close: () => {},
      }));
    },
    close: () => cluster.destroy(),
  };
}

async function unrefAll(cluster: Cluster): Promise<void> {
  for (const node of cluster.masters) (await cluster.nodeClient(node)).unref();
}

/** Lost connections are made anew by who notices, which bounds the time that a call may take. */
function socketOf(place: RedisPlace): object {
  const { host, port, tls } = place;
  return {
    host,
    port,
    reconnectStrategy: false,
    connectTimeout: reachedWithin(place),
    ...tls && { tls: true, servername: isAddress(host) ? undefined : host, ca: tls.ca },
  };
}

function reachedWithin({ timeout }: RedisPlace): number {
  return Math.min(timeout, REACHED);
}

function optionsFor({ username, password }: RedisPlace) {
  return {
    username,
    password,
    RESP: 2, // all servers and proxies know it
    disableClientInfo: true,
    commandOptions: { typeMapping: { [BYTES]: buffers() } },
  };
}

function buffers(): typeof import("node:buffer").Buffer {
  return builtin<typeof import("node:buffer")>("node:buffer").Buffer;
}

/** Gives bytes as the client takes them. Memory that is shared between threads is copied. */
export function asBuffer(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? buffers().from(buffer, byteOffset, byteLength)
    : buffers().from(bytes);
}

/** Names of servers are sent for TLS, addresses may not be (RFC 6066, section 3). */
function isAddress(host: string): boolean {
  return host.includes(":") || /^[\d.]+$/.test(host);
}
