import type { Holders } from "./_holders.ts";
import type { RedisConnection } from "./_redis_connection.ts";
import { recordKey } from "./_redis_keys.ts";
import { CLAIM, RENEW_CLAIM } from "./_redis_scripts.ts";
import type { Call, Claim } from "./storage.ts";

/** How often a claim is renewed within the time that it holds. */
const RENEWALS = 3;

/** How often the holder of a claim may be found to be gone, and another one was faster. */
const TRIES = 10;

/** Claims a key, unless somebody else has it. One round trip, unless its holder died. */
export async function takeClaim(
  connection: RedisConnection,
  key: string,
  { holders, signal }: Call & { readonly holders: Holders },
): Promise<Claim | undefined> {
  const token = holders.newToken();
  let gone = "";
  for (let tries = 0; tries < TRIES; tries++) {
    const taken = await takeFrom(connection, { key, token, gone }, signal);
    if (typeof taken !== "string") return taken;
    if (!holders.isGone(taken)) return undefined;
    gone = taken;
  }
  return undefined;
}

/** Claims a key from nobody, or from one who is gone. Gives the token of somebody else who has it. */
async function takeFrom(
  connection: RedisConnection,
  { key, token, gone }: { readonly key: string; readonly token: string; readonly gone: string },
  signal?: AbortSignal,
): Promise<Claim | string> {
  const record = recordKey(connection.place, key);
  const lasting = String(connection.place.claimTtl);
  const taking = connection.run(CLAIM, [record], [token, lasting, gone], {
    doing: `claim "${key}"`,
    signal,
  });
  // What is aborted on its way may be done all the same.
  taking.catch(() => {
    if (signal?.aborted) new RedisClaim(connection, { key, token, hasEntry: false }).end();
  });
  const hasEntry = await taking;
  if (hasEntry instanceof Uint8Array) return new TextDecoder().decode(hasEntry);
  return new RedisClaim(connection, { key, token, hasEntry: hasEntry === 1 });
}

/** A claim on the server, which ends unless it is renewed. */
class RedisClaim implements Claim {
  readonly key: string;
  readonly token: string;
  readonly ttl: number;
  readonly hasEntry: boolean;
  readonly #connection: RedisConnection;
  readonly #renewing: ReturnType<typeof setInterval>;
  #isOver = false;

  constructor(
    connection: RedisConnection,
    { key, token, hasEntry }: Pick<Claim, "key" | "hasEntry"> & { readonly token: string },
  ) {
    this.key = key;
    this.token = token;
    this.ttl = connection.place.claimTtl;
    this.hasEntry = hasEntry;
    this.#connection = connection;
    this.#renewing = setInterval(() => {
      this.isHeld().catch(() => {}); // the next one may come through; if none does, the commit says so
    }, connection.place.claimTtl / RENEWALS);
    Deno.unrefTimer(this.#renewing);
  }

  /** Renews it, if it is still held. */
  async isHeld(options?: Call): Promise<boolean> {
    if (this.#isOver) return false;
    return await this.#run(this.#connection.place.claimTtl, options) === 1;
  }

  /** Gives it back, as far as the server can be reached. */
  async end(): Promise<void> {
    clearInterval(this.#renewing);
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      await this.#run(0);
    } catch {
      // It ends by itself.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  #run(lasting: number, options?: Call): Promise<unknown> {
    const record = recordKey(this.#connection.place, this.key);
    return this.#connection.run(RENEW_CLAIM, [record], [this.token, String(lasting)], {
      doing: `claim "${this.key}"`,
      signal: options?.signal,
    });
  }
}
