import { StorageError } from "../errors.ts";
import {
  connect,
  HALTED,
  type Linked,
  type RedisCommand,
  type RedisReply,
} from "./_redis_client.ts";
import { isDemoted, isPassing, isUnknownScript, NoAnswer, redisFailure } from "./_redis_failure.ts";
import type { RedisPlace } from "./_redis_place.ts";
import type { Script } from "./_redis_scripts.ts";

/** How long to wait before the first and between later attempts to get a connection again, in ms. */
const FIRST_WAIT = 20;
const LONGEST_WAIT = 1000;

/** How a command is sent. */
export interface SendOptions {
  /** What the command is for, for messages: `save "key"`. */
  readonly doing: string;
  /** The key that tells which server of a cluster has what is asked for. */
  readonly key?: string;
  /** Which server is asked, of those that hold a part of the keys each; by the key where left out. */
  readonly part?: number;
  /** Rejects the call with its reason. The server may carry the command out all the same. */
  readonly signal?: AbortSignal;
}

/**
 * The connection to the server of a place: made when it is first needed, and again when it is lost.
 * Every command may be sent twice, so each must come to the same when it is carried out twice.
 */
export class RedisConnection {
  /** Where it leads. */
  readonly place: RedisPlace;
  #linked?: Promise<Linked>;
  /** The same, once it is made. */
  #made?: Linked;
  /** Whether there was a connection, so that a loss is likely to pass. */
  #wasThere = false;
  #isDisposed = false;
  #epoch = 0;
  #isErrorReply?: Linked["isErrorReply"];

  /** Speaks of a place; connects when something is sent. */
  constructor(place: RedisPlace) {
    this.place = place;
  }

  /**
   * Sends a command and gives the answer. While a server that was there is away, it is tried again until
   * the time is up; one that never was is an error at once.
   */
  async send(command: RedisCommand, options: SendOptions): Promise<RedisReply> {
    const time = timeOf(this.place.timeout);
    for (let wait = FIRST_WAIT;; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      options.signal?.throwIfAborted();
      try {
        return await this.#attempt(command, options, time);
      } catch (error) {
        options.signal?.throwIfAborted();
        const isWorthIt = this.#wasThere && performance.now() + wait < time.until;
        if (!isWorthIt || !this.#mayPass(error)) {
          // Whoever asks next is told at once, and does not wait for the time to be up again.
          if (!this.#linked) this.#wasThere = false;
          throw redisFailure(this.place, options.doing, error);
        }
      }
      await pause(wait, options.signal);
    }
  }

  /** Runs a script, which the server may not know yet, on the keys of one entry. */
  async run(
    { lua, sha1 }: Script,
    keys: readonly string[],
    args: RedisCommand,
    options: SendOptions,
  ): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...args];
    const sent = { key: keys[0], ...options };
    try {
      return await this.send(["EVALSHA", sha1, ...rest], sent);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return await this.send(["EVAL", lua, ...rest], sent);
    }
  }

  /** How many connections there were: what a server said of its own state holds for one only. */
  get epoch(): number {
    return this.#epoch;
  }

  /** How many servers hold a part of the keys each. */
  async countParts(options: SendOptions): Promise<number> {
    if (!this.place.cluster) return 1;
    await this.send(["PING"], options);
    const { link } = await this.#link();
    const time = timeOf(this.place.timeout);
    return (await within(link.parts(), { time, signal: options.signal })).length;
  }

  /** Closes the connection, for good. What is under way is rejected. */
  dispose(): void {
    this.#isDisposed = true;
    this.#drop(this.#linked);
  }

  async #attempt(
    command: RedisCommand,
    { key, part, signal }: SendOptions,
    time: Time,
  ): Promise<RedisReply> {
    const linking = this.#link();
    const bound = { time, signal, onLate: () => this.#drop(linking) };
    // A timer for what is there already would take as long as a command.
    const { link } = this.#made ?? await within(linking, bound);
    try {
      const target = part === undefined ? link : (await within(link.parts(), bound))[part];
      if (!target) throw new NoAnswer("the cluster has fewer servers than before");
      signal?.throwIfAborted();
      return await within(target.send(command, key), bound);
    } catch (error) {
      // A server of a cluster may be lost without a word of the others.
      const isAnswer = signal?.aborted || this.#isErrorReply?.(error);
      if (!isAnswer || isDemoted(error)) this.#drop(linking);
      throw error;
    }
  }

  #link(): Promise<Linked> {
    if (this.#isDisposed) {
      throw new StorageError(`The storage ${this.place.server} was disposed; make another one`);
    }
    if (this.#linked) return this.#linked;
    const linking: Promise<Linked> = connect(this.place, () => this.#drop(linking));
    this.#linked = linking;
    linking.then(
      (made) => {
        this.#epoch++;
        this.#isErrorReply = made.isErrorReply;
        if (this.#linked !== linking) return;
        this.#wasThere = true;
        this.#made = made;
      },
      () => this.#drop(linking),
    );
    return linking;
  }

  #drop(linking: Promise<Linked> | undefined): void {
    if (this.#linked === linking) this.#linked = this.#made = undefined;
    linking?.then(({ link }) => link.close(), () => {});
  }

  /** Whether a failure is one of the connection, or an answer that may be another one soon. */
  #mayPass(error: unknown): boolean {
    if (isPassing(error)) return true;
    if (error instanceof StorageError || error instanceof Deno.errors.NotCapable) return false;
    if (error instanceof TypeError || error instanceof RangeError) return false;
    return !this.#isErrorReply?.(error);
  }
}

/** The time that a command has, which is longer where the program stood still meanwhile. */
interface Time {
  readonly most: number;
  until: number;
}

function timeOf(most: number): Time {
  return { most, until: performance.now() + most };
}

interface Bound {
  readonly time: Time;
  readonly signal?: AbortSignal;
  readonly onLate?: () => void;
}

/** Waits for a promise as long as there is time. The timer also keeps the program from ending meanwhile. */
async function within<T>(promise: Promise<T>, { time, signal, onLate }: Bound): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    timer = setTimeout(() => {
      if (performance.now() > time.until + HALTED) {
        time.until = performance.now() + time.most;
        return wait();
      }
      reject(new NoAnswer("the server gives no answer"));
      onLate?.();
    }, Math.max(0, time.until - performance.now()));
  };
  wait();
  const onAbort = () => reject(signal!.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    clearTimeout(timer!);
    signal?.removeEventListener("abort", onAbort);
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const time = timeOf(ms + 1000);
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return within(promise, { time, signal }).finally(() => clearTimeout(timer));
}
