import type { MemorySharing } from "../caches/cache.ts";
import type { TaskResult } from "../task.ts";
import { packShared, SHARED_FROM } from "./_shared_memory.ts";
import { unpack } from "./_transport.ts";
import type { AnswerMessage, FromWorker } from "./_worker_protocol.ts";

type Value = { readonly value: unknown };

/** What a worker loads of the results that threads share: each is loaded by one of them. */
export class LargeResults {
  readonly #tell: (message: FromWorker) => void;
  readonly #signal: AbortSignal;
  readonly #asked = new Map<string, PromiseWithResolvers<Value | undefined>>();

  /** Asks the Lab by `tell`. */
  constructor(tell: (message: FromWorker) => void, signal: AbortSignal) {
    this.#tell = tell;
    this.#signal = signal;
    signal.addEventListener("abort", () => {
      for (const { reject } of this.#asked.values()) reject(signal.reason);
    }, { once: true });
  }

  /** Loads the result of a task, unless it turns out to be a large one that another thread has. */
  async load(
    id: string,
    load: (sharing: MemorySharing) => Promise<TaskResult | undefined>,
  ): Promise<TaskResult | undefined> {
    let answer: "none" | "ours" | "theirs" = "none";
    const find = async () => {
      if (answer === "ours") return undefined; // it is read a second time
      const found = await this.#ask(id);
      answer = found ? "theirs" : "ours";
      return found;
    };
    let result: TaskResult | undefined;
    try {
      result = await load({ from: SHARED_FROM, find });
    } finally {
      if (answer as string === "ours") result = this.#share(id, result);
    }
    return result;
  }

  /** Takes in what the Lab says. */
  answer(answers: readonly AnswerMessage[]): void {
    for (const { id, value } of answers) {
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      try {
        asked?.resolve(value && { value: unpack(value) });
      } catch (error) {
        asked?.reject(error);
      }
    }
  }

  #ask(id: string): Promise<Value | undefined> {
    this.#signal.throwIfAborted();
    let asked = this.#asked.get(id);
    if (asked === undefined) {
      this.#asked.set(id, asked = Promise.withResolvers());
      this.#tell({ kind: "ask", id });
    }
    return asked.promise;
  }

  // Whoever waits for it has to hear that there is nothing to share, too.
  #share(id: string, result: TaskResult | undefined): TaskResult | undefined {
    const value = result && packShared(result.value);
    this.#tell({ kind: "shares", id, value });
    return result && value ? { ...result, value: unpack(value) } : result;
  }
}
