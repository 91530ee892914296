import type { Gate } from "./_tiered_gate.ts";
import type { Ledger } from "./_tiered_ledger.ts";
import { type MarkNames, type Near, openNear } from "./_tiered_mark.ts";
import type { Turns } from "./_tiered_turns.ts";
import type { Call, Storage } from "./storage.ts";

/** What all that works on two storages shares. */
export interface Parts {
  readonly near: Storage;
  readonly far: Storage;
  /** Where saves go. */
  readonly write: "both" | "near";
  /** The names of the marks in near. */
  readonly names: MarkNames;
  /** What is known of far. */
  readonly ledger: Ledger;
  /** Through which far is asked. */
  readonly gate: Gate;
  /** Who changes a key. */
  readonly turns: Turns;
}

/** Opens near's entry. */
export function nearAt({ near, names }: Parts, key: string, call: Call): Promise<Near | undefined> {
  return openNear(near, key, { names, signal: call.signal });
}

/** What a storage is called in messages. */
export function nameOf(storage: Storage): string {
  return storage.spec?.type ?? storage.constructor.name;
}

/** What an error says, without the full stop. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\.$/, "");
}
