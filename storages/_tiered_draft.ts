import { StorageError } from "../errors.ts";
import { DraftState } from "./_draft_state.ts";
import { Branch } from "./_tiered_branch.ts";
import type { MarkNames } from "./_tiered_mark.ts";
import type { Call, Draft } from "./storage.ts";

type Data = Uint8Array | ReadableStream<Uint8Array>;

/** What a draft of two storages needs of them. */
export interface DraftParts {
  /** The draft of the near storage. */
  readonly near: Draft;
  /** The draft of the far storage; left out where nothing goes there. */
  readonly far?: Draft;
  /** The names that are refused. */
  readonly names: MarkNames;
  /** Does something with the far draft. Gives whether it was done: where not, a warning was given. */
  try(act: () => Promise<void>, options: Call & { excuses(): boolean }): Promise<boolean>;
  /** Commits both; `far` is there where it has all files. */
  commit(drafts: { readonly near: Draft; readonly far?: Draft }, call: Call): Promise<void>;
}

/** A new entry of two storages: what is written goes to both at once. */
export class TieredDraft implements Draft {
  readonly key: string;
  readonly #parts: DraftParts;
  readonly #state: DraftState;
  #far?: Draft;

  /** Begins with drafts of both storages, or of the near one alone. */
  constructor(key: string, parts: DraftParts) {
    this.key = key;
    this.#parts = parts;
    this.#state = new DraftState(key);
    this.#far = parts.far;
  }

  async write(file: string, data: Data, options?: Call): Promise<void> {
    if (this.#parts.names.has(file)) {
      throw new StorageError(
        `"${file}" is where a tiered storage notes what it needs to know; name the file differently`,
      );
    }
    const signal = options?.signal;
    await this.#state.writing(
      file,
      data,
      signal,
      () =>
        data instanceof Uint8Array
          ? this.#writeBytes(file, data, signal)
          : this.#pour(file, data, signal),
    );
  }

  async commit(options?: Call): Promise<void> {
    const { near } = this.#parts;
    await this.#state.committing(
      options?.signal,
      () => this.#parts.commit({ near, far: this.#far }, { signal: options?.signal }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#state.disposing(async () => {
      const { near, far } = this.#parts;
      // What is left in a far storage that is down, that one finds and removes like after a kill.
      const discarded = [far, near].map(async (draft) => await draft?.[Symbol.asyncDispose]());
      await Promise.allSettled(discarded);
      await discarded[1];
    });
  }

  async #writeBytes(file: string, data: Uint8Array, signal?: AbortSignal): Promise<void> {
    // Both are waited for in any case: until they are done the data is theirs.
    const [near, far] = await Promise.allSettled([
      this.#parts.near.write(file, data, { signal }),
      this.#writeFar(file, data, { signal, excuses: () => false }),
    ]);
    for (const each of [near, far]) if (each.status === "rejected") throw each.reason;
  }

  /** Writes a stream to both. Where near fails, all of it does; where far does, near goes on alone. */
  async #pour(
    file: string,
    data: ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    const branches = { near: new Branch(), far: new Branch() };
    const both = Object.values(branches);
    let failure: { readonly error: unknown } | undefined;
    const near = this.#parts.near.write(file, branches.near.stream, { signal })
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => branches.near.leave());
    const far = this.#writeFar(file, branches.far.stream, {
      signal,
      excuses: () => failure !== undefined,
    })
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => branches.far.leave());
    try {
      await this.#state.pour(data, async (chunk) => {
        await Promise.all(both.map((branch) => branch.give(chunk)));
        if (failure) throw failure.error;
      }, signal);
      for (const branch of both) branch.close();
    } catch (error) {
      failure ??= { error };
      for (const branch of both) branch.fail(failure.error);
    }
    await Promise.all([near, far]);
    if (failure) throw failure.error;
  }

  async #writeFar(
    file: string,
    data: Data,
    options: Call & { excuses(): boolean },
  ): Promise<void> {
    const far = this.#far;
    if (!far) return;
    const { signal } = options;
    if (!await this.#parts.try(() => far.write(file, data, { signal }), options)) {
      this.#far = undefined;
    }
  }
}
