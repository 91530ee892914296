import { Patience } from "../patience.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";
import type { TaskTypeInfo } from "../task.ts";
import { codeKey } from "./code_key.ts";
import type { TaskCode } from "./task_code.ts";

/** Where code is kept. */
export interface CodePlace extends Call {
  /** The storage of the results. */
  readonly storage: Storage | null;
  /** The keys to sign by, if any. */
  readonly signing: EntrySigning | undefined;
  /** Is told when something cannot be kept. */
  readonly warn: (text: string) => void;
}

/** For how long keeping it may take, in ms. */
const PATIENCE = 10_000;

/**
 * Keeps what versions that follow the code are made of, beside the results and once for each version: then a later
 * program can tell which declarations have changed since.
 */
export class CodeKeeper {
  readonly #codeOf: (type: TaskTypeInfo) => Promise<TaskCode | undefined>;
  /** The versions that are kept already. */
  readonly #kept = new Set<string>();

  /** `codeOf` gives the code of types whose versions follow it. */
  constructor(codeOf: (type: TaskTypeInfo) => Promise<TaskCode | undefined>) {
    this.#codeOf = codeOf;
  }

  /** Keeps the code of types, where it is not there yet. Never rejects: what goes wrong costs a warning. */
  async keep(types: Iterable<TaskTypeInfo>, place: CodePlace): Promise<void> {
    const { storage, signing, warn, signal } = place;
    if (storage === null || (signing && !signing.signs)) return;
    const slow = new DOMException(
      `The storage took more than ${PATIENCE / 1000} s`,
      "TimeoutError",
    );
    using patience = new Patience(PATIENCE, slow);
    const either = signal ? AbortSignal.any([signal, patience.signal]) : patience.signal;
    try {
      const codes = await this.#unknown(types);
      if (codes.size > 0) await write(codes, storage, signing, either);
      for (const { code } of codes.values()) this.#kept.add(code.version);
    } catch (error) {
      if (signal?.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      warn(
        `What the code of this run is made of cannot be kept (${reason}), so that lab explain may not be able to ` +
          `name what changes; the results are not touched by that`,
      );
    }
  }

  /** The code of those types whose version follows it and is not kept yet, by keys. */
  async #unknown(types: Iterable<TaskTypeInfo>): Promise<Map<string, TypeCode>> {
    const codes = new Map<string, TypeCode>();
    for (const type of types) {
      const code = await this.#codeOf(type);
      const key = code && codeKey(code.version);
      if (key && !this.#kept.has(code.version)) codes.set(key, { type: type.taskName, code });
    }
    return codes;
  }
}

interface TypeCode {
  readonly type: string;
  readonly code: TaskCode;
}

async function write(
  codes: ReadonlyMap<string, TypeCode>,
  storage: Storage,
  signing: EntrySigning | undefined,
  signal: AbortSignal,
): Promise<void> {
  const there = await storage.existsMany(codes.keys(), { signal });
  const { CODE_FILE, encodeCodeRecord } = await import("./code_record.ts");
  for (const [key, { type, code: { version, parts } }] of codes) {
    if (there.has(key)) continue;
    const bytes = encodeCodeRecord({ version, type, kept: new Date(), parts });
    if (bytes === undefined) continue;
    await using draft = await storage.create(key, { signal });
    await draft.write(CODE_FILE, bytes, { signal });
    await signing?.sign(draft, bytes, { signal });
    await draft.commit({ signal });
  }
}
