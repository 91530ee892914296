import { StorageError } from "../errors.ts";
import { messageOf, nameOf, nearAt, type Parts } from "./_tiered_parts.ts";
import type { Call } from "./storage.ts";

/** Removes an entry from both storages, far first. Where far cannot be changed, nothing is. */
export async function deleteFromBoth(
  parts: Parts,
  key: string,
  { signal }: Call,
): Promise<boolean> {
  const { far, ledger } = parts;
  const isReadOnly = parts.write === "near";
  return await parts.turns.take(key, async () => {
    const near = await nearAt(parts, key, { signal });
    const at = Date.now();
    const ask = () => isReadOnly ? far.exists(key, { signal }) : far.delete(key, { signal });
    const { answer, error } = await parts.gate.tryAsk(ask, { signal, when: "always" });
    if (!answer) throw farFailure(parts, `delete "${key}"`, error);
    if (isReadOnly && answer.value) {
      throw new StorageError(
        `Cannot delete "${key}": it is in the far storage (${
          nameOf(far)
        }), which is only read since ` +
          `write is "near"; delete it there`,
      );
    }
    // From here on it is deleted in any case.
    if (near) await parts.near.delete(key);
    ledger.note(key, { isAbsent: true, at, order: Date.now() });
    return answer.value || near?.mark.kind === "own";
  }, signal);
}

/** Takes an entry out of the way in both storages; of a far one that is down, a warning tells. */
export async function setAsideInBoth(
  parts: Parts,
  key: string,
  { signal }: Call,
): Promise<string | undefined> {
  const { far, ledger, gate, write } = parts;
  return await parts.turns.take(key, async () => {
    const near = await nearAt(parts, key, { signal });
    const at = Date.now();
    const act = () => far.setAside(key, { signal });
    const done = write === "both" ? await gate.ask(act, { signal }) : undefined;
    const places = [done?.value, await parts.near.setAside(key)];
    const order = Date.now();
    // What far still has is what the entry that follows is saved in place of.
    const known = done ? { isAbsent: true, at } : { version: near?.mark.version, at: 0 };
    ledger.note(key, { ...known, order });
    return places.filter((place) => place !== undefined).join(" and ") || undefined;
  }, signal);
}

/** The error of a call that cannot do without far. */
export function farFailure({ far }: Parts, doing: string, cause: unknown): StorageError {
  return new StorageError(
    `Cannot ${doing}: the far storage (${nameOf(far)}) failed: ${
      messageOf(cause)
    }. The near one is ` +
      `as it was; try again when far is back`,
    { cause },
  );
}
