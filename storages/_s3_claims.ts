/**
 * Claims in a bucket: an object for each key that somebody computes, which says who, and is put again as
 * long as that one lives. Who finds one looks at it again, and may take it over once it was the same all
 * the time that a claim holds: so only the clock of whoever waits counts, and no clocks are compared. Of
 * a process of the same machine it is seen at once that it is gone.
 *
 * @module
 */

import { claimLost } from "./_draft_state.ts";
import type { Doing, S3Bucket } from "./_s3_bucket.ts";
import { withoutConditions } from "./_s3_commit.ts";
import { isAnswer } from "./_s3_failure.ts";
import { Holders, isToken } from "./_holders.ts";
import { claimOf, recordOf } from "./_s3_place.ts";
import type { Call, Claim } from "./storage.ts";

/** How often a claim is renewed within the time that it holds. */
const RENEWALS = 3;
/** No claim is longer, in bytes; what claims to be is of no holder. */
const LIMIT = 1024;
const FORMAT = 1;
/** How often others may be faster, at a key whose claim is of nobody. */
const TRIES = 5;

/** The object of a claim, as it was found. */
export interface FoundClaim {
  /** What tells it from those before and after it; each renewal gives it another one. */
  readonly etag: string;
  /** Who has it; left out where it is no claim of ours. */
  readonly token?: string;
}

/** Looks for the claim on a key, by one GET. */
export async function findClaim(
  bucket: S3Bucket,
  key: string,
  doing: Doing,
): Promise<FoundClaim | undefined> {
  const found = await bucket.get(claimOf(bucket.place, key), doing);
  if (!found) return undefined;
  const { etag, bytes, body } = found;
  if (bytes > LIMIT) {
    await body.transformToWebStream().cancel();
    return { etag };
  }
  try {
    const text = new TextDecoder().decode(await body.transformToByteArray());
    return { etag, token: tokenIn(text) };
  } catch (error) {
    doing.signal?.throwIfAborted();
    throw bucket.failure(doing, error);
  }
}

/**
 * Refuses what is saved under a claim that somebody else has. Asked before each attempt to put the record:
 * one that replaces another does so only if that was seen before this question. So whoever took the claim
 * over after it saves after it, and the attempt of the one before is refused by the server.
 */
export async function mustHold(
  bucket: S3Bucket,
  { key, token, replaces }: {
    readonly key: string;
    readonly token: string;
    readonly replaces: boolean;
  },
  doing: Doing,
): Promise<void> {
  const found = await findClaim(bucket, key, doing);
  // One that was cleared away is nobody's; then only an entry that is there may be somebody else's.
  if (found ? found.token !== token : replaces) throw claimLost(key);
}

/** The claims of one storage. */
export class S3Claims {
  readonly #bucket: S3Bucket;
  readonly #holders = new Holders();
  /** Claims of others, and since when each has been the same, by this thread's clock. */
  readonly #seen = new Map<string, { readonly etag: string; readonly since: number }>();

  /** Speaks of a bucket. */
  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  /** Claims a key, unless somebody else has it. Two calls where nobody has. */
  async take(key: string, signal?: AbortSignal): Promise<Claim | undefined> {
    const doing = { doing: `claim "${key}"`, signal };
    const held = new HeldClaim(this.#bucket, { key, token: this.#holders.newToken() });
    try {
      if (!await this.#put(held, key, doing)) return undefined;
      this.#seen.delete(key);
      const hasEntry = await this.#bucket.exists(recordOf(this.#bucket.place, key), doing);
      return new S3Claim(held, { key, hasEntry });
    } catch (error) {
      // What failed, or was aborted on its way, may be done all the same.
      held.release();
      throw error;
    }
  }

  /** Puts a claim where there is none, or in place of one whose holder lives no more. */
  async #put(held: HeldClaim, key: string, doing: Doing): Promise<boolean> {
    const asked = performance.now();
    // Who was told before that somebody has it looks first, as that is likely to be so still.
    let other = this.#seen.has(key) ? await findClaim(this.#bucket, key, doing) : undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      if (other && this.#mayLive(key, other, asked)) return false;
      const found = await held.put(other?.etag ?? null, doing);
      if (found === undefined) return true;
      other = found === "gone" ? undefined : found;
    }
    return false;
  }

  /** Whether a claim that was found may be of one who lives. */
  #mayLive(key: string, { etag, token }: FoundClaim, asked: number): boolean {
    if (token !== undefined && this.#holders.isGone(token)) return false;
    const seen = this.#seen.get(key);
    if (seen?.etag === etag) return asked - seen.since < this.#bucket.place.claimTtl;
    this.#seen.set(key, { etag, since: performance.now() });
    return true;
  }
}

/** The object of a claim of our own. */
class HeldClaim {
  readonly token: string;
  readonly #bucket: S3Bucket;
  readonly #key: string;
  #etag = "";
  #beat = 0;

  constructor(bucket: S3Bucket, { key, token }: { readonly key: string; readonly token: string }) {
    this.#bucket = bucket;
    this.#key = key;
    this.token = token;
  }

  /** How long it holds, in ms. */
  get ttl(): number {
    return this.#bucket.place.claimTtl;
  }

  /** Puts it in place of what was seen there; gives what is there where that is somebody else's. */
  async put(match: string | null, doing: Doing): Promise<FoundClaim | "gone" | undefined> {
    const { token } = this;
    const body = JSON.stringify({ format: FORMAT, token, beat: ++this.#beat });
    const input = {
      Key: claimOf(this.#bucket.place, this.#key),
      Body: new TextEncoder().encode(`${body}\n`),
      ...(match === null ? { IfNoneMatch: "*" } : { IfMatch: match }),
    };
    try {
      this.#etag = (await this.#bucket.send("PutObjectCommand", input, doing)).ETag ?? "";
      return undefined;
    } catch (error) {
      if (isAnswer(error, 501)) throw withoutConditions(this.#bucket, error);
      if (!isAnswer(error, 412, 409) && !(match !== null && isAnswer(error, "NoSuchKey"))) {
        throw this.#bucket.failure(doing, error);
      }
    }
    const found = await findClaim(this.#bucket, this.#key, doing);
    if (found?.token !== token) return found ?? "gone";
    // The answer to an earlier try was lost.
    this.#etag = found.etag;
    return undefined;
  }

  /** Puts it once more. Gives whether it was still ours. */
  async renew(signal?: AbortSignal): Promise<boolean> {
    const doing = { doing: `claim "${this.#key}"`, signal };
    return await this.put(this.#etag, doing) === undefined;
  }

  /** Removes it, if it is still ours, and as far as the server can be reached. */
  async release(): Promise<void> {
    const doing = { doing: `give back "${this.#key}"` };
    const name = claimOf(this.#bucket.place, this.#key);
    try {
      const remove = (match: string) => this.#bucket.delete(name, doing, { match });
      if (this.#etag && await remove(this.#etag)) return;
      const found = await findClaim(this.#bucket, this.#key, doing);
      if (found?.token === this.token) await remove(found.etag);
    } catch {
      // Others find out that nobody renews it.
    }
  }
}

/** A claim that is renewed until it is given back, or lost. */
class S3Claim implements Claim {
  readonly key: string;
  readonly token: string;
  readonly ttl: number;
  readonly hasEntry: boolean;
  readonly #held: HeldClaim;
  readonly #renewing: ReturnType<typeof setInterval>;
  /** One call after the other: each names the state that the one before left. */
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(held: HeldClaim, { key, hasEntry }: Pick<Claim, "key" | "hasEntry">) {
    this.key = key;
    this.token = held.token;
    this.ttl = held.ttl;
    this.hasEntry = hasEntry;
    this.#held = held;
    this.#renewing = setInterval(() => {
      this.isHeld().catch(() => {}); // the next one may come through; if none does, the commit says so
    }, held.ttl / RENEWALS);
    Deno.unrefTimer(this.#renewing);
  }

  /** Renews it, if it is still held. */
  isHeld(options?: Call): Promise<boolean> {
    const renewal = this.#last.then(() => this.#renew(options?.signal));
    this.#last = renewal.catch(() => {});
    return renewal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewing);
    await this.#last;
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#held.release();
  }

  async #renew(signal?: AbortSignal): Promise<boolean> {
    if (this.#isOver) return false;
    const isOurs = await this.#held.renew(signal);
    if (!isOurs) {
      this.#isOver = true;
      clearInterval(this.#renewing);
    }
    return isOurs;
  }
}

function tokenIn(text: string): string | undefined {
  try {
    const { format, token } = JSON.parse(text);
    return format === FORMAT && isToken(token) ? token : undefined;
  } catch {
    return undefined;
  }
}
