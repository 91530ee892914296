import { describe } from "../describe.ts";
import { StorageError } from "../errors.ts";
import { checkFileName } from "./names.ts";

/** What every draft keeps account of: the names that were written, and whether it is still open. */
export class DraftState {
  readonly #key: string;
  readonly #names = new Set<string>();
  #underWay?: Set<Promise<void>>;
  #stop?: AbortController;
  #over?: string;
  #failure?: { readonly file: string; readonly cause: unknown };

  /** Keeps account for a draft of this key. */
  constructor(key: string) {
    this.#key = key;
  }

  /**
   * Writes one file by `write`, unless the draft, the name or the data forbid it. A write that fails
   * leaves nobody knows what behind, so that the draft cannot be committed after it.
   */
  async writing(
    file: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    signal: AbortSignal | undefined,
    write: () => void | Promise<void>,
  ): Promise<void> {
    checkFileName(file);
    this.#mustBeOpen(`write "${file}" to`);
    if (this.#names.has(file)) {
      throw new StorageError(`Expected each file once, but "${file}" of "${this.#key}" is there`);
    }
    if (!(data instanceof Uint8Array || data instanceof ReadableStream)) {
      throw new StorageError(
        `Expected a Uint8Array or a ReadableStream as "${file}" of "${this.#key}", got ` +
          describe(data),
      );
    }
    signal?.throwIfAborted();
    this.#names.add(file);
    try {
      const written = write();
      if (written) await this.#awaiting(written);
    } catch (cause) {
      this.#failure ??= { file, cause };
      throw cause;
    }
  }

  /** Commits by `commit`, unless the draft forbids it. Nothing can be done with the draft after. */
  async committing(
    signal: AbortSignal | undefined,
    commit: () => void | Promise<void>,
  ): Promise<void> {
    this.#mustBeOpen("commit");
    signal?.throwIfAborted();
    if (this.#underWay?.size) {
      throw new StorageError(
        `Cannot commit "${this.#key}": a file is still being written; await its write first`,
      );
    }
    if (this.#failure) {
      const { file, cause } = this.#failure;
      throw new StorageError(`Cannot commit "${this.#key}": "${file}" was not written`, { cause });
    }
    this.#over = "was committed before";
    const committed = commit();
    if (committed) await this.#awaiting(committed);
  }

  /** Ends the draft; `discard` is called once, when nothing is under way any more. */
  async disposing(discard: () => void | Promise<void>): Promise<void> {
    if (this.#over === "was disposed") return;
    this.#over = "was disposed";
    this.#stop?.abort(new StorageError(`The draft of "${this.#key}" was disposed`));
    if (this.#underWay) await Promise.allSettled(this.#underWay);
    await discard();
  }

  /**
   * Empties a stream, chunk by chunk, into `take`, until the signal aborts or the draft is disposed.
   * An error of the stream's own comes through as it is.
   */
  async pour(
    stream: ReadableStream<Uint8Array>,
    take: (chunk: Uint8Array) => void | Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#mustBeOpen("write to");
    this.#stop ??= new AbortController();
    const stop = this.#stop.signal;
    const sink = new WritableStream<Uint8Array>({
      write(chunk) {
        if (chunk instanceof Uint8Array) return take(chunk);
        throw new StorageError(`Expected a stream of Uint8Array, got ${describe(chunk)} in it`);
      },
    });
    await stream.pipeTo(sink, { signal: signal ? AbortSignal.any([signal, stop]) : stop });
  }

  async #awaiting(work: Promise<void>): Promise<void> {
    this.#underWay ??= new Set();
    this.#underWay.add(work);
    try {
      await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  #mustBeOpen(doing: string): void {
    if (this.#over) {
      throw new StorageError(`Cannot ${doing} the draft of "${this.#key}": it ${this.#over}`);
    }
  }
}

/** What tells the refusal of a commit from failures of a storage, for those who ask another one. */
export class ClaimLost extends StorageError {}

/** What the commit of a draft is refused by whose claim is somebody else's. */
export function claimLost(key: string, cause?: unknown): ClaimLost {
  return new ClaimLost(
    `Cannot save "${key}": the claim on it was lost, and somebody else computes it, or has done so; ` +
      "load what they save, or claim it again",
    { cause },
  );
}
