import type { EntrySigning } from "../signing/entry_signing.ts";
import { Patience } from "../patience.ts";
import type { Storage } from "../storages/storage.ts";
import type { RunOutcome } from "./run_outcome.ts";
import { RUN_FILE, TASKS_FILE } from "./run_record.ts";

/** Where a record goes. */
export interface RecordPlace {
  /** The storage of the results. */
  readonly storage: Storage | null;
  /** The keys to sign by, if any. */
  readonly signing: EntrySigning | undefined;
  /** Is told when the record cannot be written. */
  readonly warn: (text: string) => void;
}

/** For how long a record may keep a run from its end, in ms; and one that is to end at once. */
const PATIENCE = 10_000;
const NO_PATIENCE = 1_000;

/**
 * Keeps the record of a run that is over, where it is worth one: something ran or failed, and results
 * of it are kept. What was all in the cache leaves none, so that such a run writes nothing. Never
 * rejects: what goes wrong costs a warning.
 */
export async function recordRun(outcome: RunOutcome, place: RecordPlace): Promise<void> {
  const { storage, signing, warn } = place;
  if (storage === null || (signing && !signing.signs) || !isWorthIt(outcome)) return;
  const patience = ["stopped", "broken"].includes(outcome.ending) ? NO_PATIENCE : PATIENCE;
  const slow = new DOMException(`The storage took more than ${patience / 1000} s`, "TimeoutError");
  using late = new Patience(patience, slow);
  try {
    await save(outcome, storage, signing, late.signal);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn(`The record of this run cannot be kept (${reason}); the results are not touched by that`);
  }
}

function isWorthIt({ run, failed, tasks }: RunOutcome): boolean {
  return run.size + failed.size > 0 && tasks.values().some(({ cache }) => cache !== null);
}

async function save(
  outcome: RunOutcome,
  storage: Storage,
  signing: EntrySigning | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { encodeRun } = await import("./_encode_run.ts");
  const { key, metadata, tasks } = encodeRun(outcome);
  await using draft = await storage.create(key, { signal });
  await draft.write(TASKS_FILE, tasks, { signal });
  await draft.write(RUN_FILE, metadata, { signal });
  await signing?.sign(draft, metadata, { signal });
  await draft.commit({ signal });
}
