import { StorageError } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";
import { netOf, type RedisPlace } from "./_redis_place.ts";

/** What a server says while it cannot answer yet: starting, moving keys, busy with a script. */
const PASSING = /^(LOADING|TRYAGAIN|MASTERDOWN|CLUSTERDOWN|BUSY)\b/;
/** What a server says that was the writable one and is not any more. */
const DEMOTED = /^(READONLY|UNBLOCKED)\b/;

/** Gives what the server said, whatever kind of error wraps it. */
export function redisReplyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an answer that is an error may be another one soon. */
export function isPassing(error: unknown): boolean {
  return PASSING.test(redisReplyOf(error)) || isDemoted(error);
}

/** Whether the server takes no changes any more: another one may by now, under the same name. */
export function isDemoted(error: unknown): boolean {
  return DEMOTED.test(redisReplyOf(error));
}

/** Whether the server does not know a script yet, or no longer. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof StorageError && redisReplyOf(error.cause).startsWith("NOSCRIPT");
}

/** What is wrong with an answer that did not come, or not in time. */
export class NoAnswer extends Error {
  /** The class, as text. */
  override readonly name = "NoAnswer";
}

/** Gives what a failed call means to the user of a Redis server, with what to do. */
export function redisFailure(place: RedisPlace, doing: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StorageError) return error;
  const { server } = place;
  if (isForbidden(place)) {
    const flags = permissionFlags({ net: [netOf(place)] }).join(" ");
    return new StorageError(
      `Cannot ${doing}: the program may not speak to the storage ${server}; run with ${flags}`,
      { cause: error },
    );
  }
  const text = `Cannot ${doing} in the storage ${server}: ${causesOf(error)}`;
  const remedy = remedyOf(place, error);
  return new StorageError(remedy ? `${text}; ${remedy}` : text, { cause: error });
}

/** Whether the program may not speak to the server, which the modules for sockets tell in many ways. */
function isForbidden(place: RedisPlace): boolean {
  const host = netOf(place);
  return Deno.permissions.querySync({ name: "net", host }).state !== "granted";
}

/** Where a name stands for several addresses, each has an error of its own. */
function causesOf(error: Error): string {
  const errors = error instanceof AggregateError && error.errors.length > 0
    ? error.errors
    : [error];
  return errors.map((each) => redisReplyOf(each).replace(/\.$/, "")).join("; ");
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/,
    "give the right user name and password, in the URL or by the options username and password",
  ],
  [
    /^NOPERM/,
    "let the user run EVAL, EVALSHA, GET, HGET and SCAN, and what scripts do, on the storage's keys " +
    "(ACL SETUSER)",
  ],
  [/^OOM/, "raise maxmemory of the server, delete entries, or give the storage a ttl"],
  [/^MISCONF/, "the server cannot write its data to disk: see its log"],
  [/^(READONLY|UNBLOCKED)/, "the server is a replica: use the URL of the writable one"],
  [/^LOADING/, "the server is still reading its data: wait, or raise the option timeout"],
  [/^WRONGTYPE/, "something else lies under the storage's keys: choose another prefix"],
  [
    /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)/,
    "is it a whole Redis Cluster? Then set the option cluster",
  ],
  [/^ERR unknown command/, "the server must be Redis 6.2 or later, or speak like it"],
  [/^ERR DB index/, "choose another database in the URL: the server has fewer"],
  [
    /certificate|CERT|UnknownIssuer/i,
    "give the option ca the certificate that signed the server's",
  ],
];

function remedyOf({ timeout, tls }: RedisPlace, error: Error): string | undefined {
  const text = causesOf(error);
  const known = REMEDIES.find(([pattern]) => pattern.test(text))?.[1];
  if (known) return known;
  if (/^[A-Z]{3,} /.test(text)) return undefined; // an answer of the server, whatever it means
  if (error instanceof NoAnswer) {
    const speech = tls ? "speaks TLS" : "speaks without TLS";
    return `see whether the server is well and ${speech}, or raise the option timeout (now ` +
      `${timeout} ms)`;
  }
  return "start the server, or mend the URL";
}
