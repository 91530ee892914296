import { StorageError } from "../errors.ts";
import { type OpenDriver, openDriver } from "./_unstorage_driver.ts";
import { readOnly, unstorageFailure } from "./_unstorage_failure.ts";
import { newGeneration, pieceItem } from "./_unstorage_names.ts";
import type { UnstoragePlace } from "./_unstorage_place.ts";
import { candidates, isEqual, setValue } from "./_unstorage_values.ts";

/** The options that drivers are given with each call: none. */
const PLAIN = {};
/** How often a call is made before its failure is believed, where other programs may be the reason. */
const TRIES = 3;

/** What every call on items is told. */
export interface ItemCall {
  /** What for, in words: "save …". */
  readonly doing: string;
  /** Aborts the waiting; the driver itself cannot be stopped. */
  readonly signal?: AbortSignal;
}

/**
 * The items of a driver, as bytes under names. It makes of drivers what they are not by themselves: their
 * failures throw, a missing item is `undefined`, whatever they give back is bytes, and what one cannot
 * hold is written as text.
 */
export class UnstorageItems {
  /** Where they lie. */
  readonly place: UnstoragePlace;
  #opening?: Promise<OpenDriver>;
  #writing?: Promise<"bytes" | "text">;
  readonly #underWay = new Set<Promise<unknown>>();
  #isDisposed = false;

  /** Speaks of the items of a place. */
  constructor(place: UnstoragePlace) {
    this.place = place;
  }

  /**
   * Reads an item; `undefined` where there is none. Gives what its bytes may be, the likeliest first: a
   * driver does not tell whether they were written as base64.
   */
  async get(name: string, call: ItemCall): Promise<Uint8Array<ArrayBuffer>[] | undefined> {
    for (let tries = 1;; tries++) {
      let failure: unknown;
      const value = await this.#call(call, async ({ driver }) => {
        try {
          return driver.getItemRaw
            ? await driver.getItemRaw(name, PLAIN)
            : await driver.getItem(name, PLAIN);
        } catch (error) {
          failure = error;
        }
      });
      if (value !== null && value !== undefined) return await candidates(value);
      // Some drivers give null whatever went wrong, one stumbles over a missing item: only where there
      // is no item for sure it is missing. One that came meanwhile is read.
      if (!await this.has(name, call)) return undefined;
      if (tries < TRIES) continue;
      const text = "the driver says that there is an item, and gives none";
      const cause = failure ?? new Error(`${text} (${name})`);
      throw unstorageFailure(this.place, call.doing, cause);
    }
  }

  /** Whether there is an item. */
  async has(name: string, call: ItemCall): Promise<boolean> {
    return await this.#call(call, ({ driver }) => driver.hasItem(name, PLAIN)) === true;
  }

  /** Writes an item. The bytes are left alone after. */
  async put(name: string, bytes: Uint8Array, call: ItemCall): Promise<void> {
    this.mustWrite(call.doing);
    const form = await this.#form(call);
    await this.#call(call, ({ driver }) => setValue(driver, name, bytes, form));
  }

  /** Removes an item, if it is there. */
  async remove(name: string, call: ItemCall): Promise<void> {
    this.mustWrite(call.doing);
    await this.#call(call, async ({ driver }) => {
      if (!driver.removeItem) throw this.readOnly(call.doing);
      for (let tries = 1;; tries++) {
        try {
          return await driver.removeItem(name, PLAIN);
        } catch (error) {
          // Some drivers fail where another program was faster; it may have written another since.
          if (!await driver.hasItem(name, PLAIN)) return;
          if (tries === TRIES) throw error;
        }
      }
    });
  }

  /** Gives the names of the items under some segments, without those, in no order and each once. */
  async list(segments: readonly string[], call: ItemCall): Promise<string[]> {
    const keys = await this.#call(call, async ({ driver, make, container }) => {
      const { traits: { path }, options } = this.place;
      try {
        // Drivers of files list all that is there: one for the folder alone lists that alone.
        if (path && make) {
          const folder = [options[path], ...segments].join("/");
          return (await make({ [path]: folder }).getKeys("", PLAIN)).map((key) => under(key));
        }
        return await driver.getKeys(segments.join(":"), PLAIN);
      } catch (error) {
        if (container && (error as { code?: unknown }).code === "ContainerNotFound") return [];
        throw error;
      }
    });
    if (!Array.isArray(keys)) {
      throw unstorageFailure(this.place, call.doing, new Error("the driver gives no list of keys"));
    }
    const start = under("");
    const names = keys.map((key) => String(key).replace(/[:/\\]+/g, ":").replace(/^:/, ""))
      .filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
    return [...new Set(names)].filter((name) => name !== "");

    function under(key: string): string {
      return [...segments, key].join(":");
    }
  }

  /** Gives what the driver tells of an item; nothing where it tells nothing. */
  async meta(name: string, call: ItemCall): Promise<{ mtime?: Date; size?: number }> {
    const meta = await this.#call(call, async ({ driver }) => {
      return await driver.getMeta?.(name, PLAIN) as Record<string, unknown> | null | undefined;
    });
    const { mtime, size } = meta ?? {};
    const time = mtime instanceof Date || typeof mtime === "string" ? new Date(mtime) : undefined;
    return {
      ...(time && !Number.isNaN(time.getTime()) && { mtime: time }),
      ...(typeof size === "number" && { size }),
    };
  }

  /** Refuses what cannot be, before anything is done of it. */
  mustWrite(doing: string): void {
    if (this.place.isReadOnly) throw this.readOnly(doing);
  }

  /** The error for a change where nothing can be changed. */
  readOnly(doing: string): StorageError {
    return readOnly(this.place, doing);
  }

  /** Waits for calls that nobody waits for any more, then lets go of the driver. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await Promise.allSettled(this.#underWay);
    const open = await this.#opening?.catch(() => undefined);
    if (!this.place.given) await open?.driver.dispose?.();
  }

  /** How bytes are written. Of a driver that is not known that is tried, once. */
  async #form(call: ItemCall): Promise<"bytes" | "text"> {
    const writing = this.#writing ??= this.#call(
      { doing: call.doing },
      (open) => this.#prepare(open),
    );
    writing.catch(() => this.#writing = undefined);
    return await abortable(writing, call.signal);
  }

  async #prepare({ driver, container }: OpenDriver): Promise<"bytes" | "text"> {
    if (!driver.setItem && !driver.setItemRaw) throw this.readOnly("save");
    // Where that may not be, the container may be there all the same: the write will tell.
    await container?.createIfNotExists().catch(() => {});
    const { holds } = this.place.traits;
    if (holds) return holds;
    if (!driver.setItemRaw || !driver.getItemRaw) return "text";
    const probe = Uint8Array.from({ length: 256 }, (_, n) => n);
    const name = pieceItem("probe", newGeneration(), [0, 0, probe.length]);
    try {
      await setValue(driver, name, probe, "bytes");
      const back = await driver.getItemRaw(name, PLAIN);
      const isSame = back instanceof Object && isEqual((await candidates(back))[0], probe);
      return isSame ? "bytes" : "text";
    } catch {
      return "text";
    } finally {
      await driver.removeItem?.(name, PLAIN);
    }
  }

  async #call<T>(
    { doing, signal }: ItemCall,
    act: (open: OpenDriver) => T | Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const work = this.#open().then(act);
    this.#underWay.add(work);
    const settle = () => this.#underWay.delete(work);
    work.then(settle, settle);
    try {
      const value = await abortable(work, signal);
      if (value instanceof Error) throw value; // as drivers of files do
      return value;
    } catch (error) {
      signal?.throwIfAborted();
      throw unstorageFailure(this.place, doing, error);
    }
  }

  async #open(): Promise<OpenDriver> {
    if (this.#isDisposed) {
      throw new StorageError(`The storage ${this.place.title} was disposed; make another one`);
    }
    this.#opening ??= openDriver(this.place);
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}

/** Waits for work no longer than until the signal aborts. */
async function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await work;
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
