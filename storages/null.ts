import { DraftState } from "./_draft_state.ts";
import { checkKey } from "./names.ts";
import {
  type Call,
  type CreateOptions,
  type Draft,
  type Entry,
  Storage,
  type StorageReach,
} from "./storage.ts";

/**
 * Stores nothing and finds nothing, but refuses what every storage refuses. With it, each run computes
 * all results anew.
 */
export class NullStorage extends Storage {
  /** None. */
  override readonly permissions: Deno.PermissionOptionsObject = {};

  /** Nobody: nothing is kept. */
  override get reach(): StorageReach {
    return "program";
  }

  /** Gives nothing. */
  // deno-lint-ignore require-yield
  override async *findKeys(
    options?: Call & { readonly prefix?: string },
  ): AsyncGenerator<string> {
    options?.signal?.throwIfAborted();
  }

  /** Gives `false`. */
  override async exists(key: string, options?: Call): Promise<boolean> {
    return await this.open(key, options) !== undefined;
  }

  /** Gives `undefined`. */
  // deno-lint-ignore require-await -- what is refused must reject, not throw.
  override async open(key: string, options?: Call): Promise<Entry | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return undefined;
  }

  /** Begins an entry that nobody will see. */
  // deno-lint-ignore require-await
  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return new NullDraft(key);
  }

  /** Gives `false`. */
  override async delete(key: string, options?: Call): Promise<boolean> {
    return await this.exists(key, options);
  }
}

class NullDraft implements Draft {
  readonly key: string;
  readonly #state: DraftState;

  constructor(key: string) {
    this.key = key;
    this.#state = new DraftState(key);
  }

  /** Reads a stream to its end: who writes it may count on that, e.g. to digest it on the way. */
  async write(
    file: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    options?: Call,
  ): Promise<void> {
    await this.#state.writing(file, data, options?.signal, async () => {
      if (data instanceof Uint8Array) return;
      await this.#state.pour(data, () => {}, options?.signal);
    });
  }

  async commit(options?: Call): Promise<void> {
    await this.#state.committing(options?.signal, () => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#state.disposing(() => {});
  }
}
