import { unlessLost } from "./_tiered_claims.ts";
import { type Base, encodeMark, type Mark, newMark } from "./_tiered_mark.ts";
import { messageOf, nameOf, nearAt, type Parts } from "./_tiered_parts.ts";
import { baseOf, compareFar, fingerprintOf } from "./_tiered_same.ts";
import type { Call, Draft } from "./storage.ts";

/** What is committed. */
export interface Drafts {
  readonly near: Draft;
  /** Left out where nothing goes to far, or far failed before. */
  readonly far?: Draft;
  readonly durable?: boolean;
}

/** Commits drafts of two storages. Gives whether far has the entry now. */
export async function commitBoth(
  parts: Parts,
  key: string,
  { near, far, durable, signal }: Drafts & Call,
): Promise<boolean> {
  const { names, ledger, gate, write } = parts;
  return await parts.turns.take(key, async () => {
    const at = Date.now();
    // Far first: near never has a copy of what far has not.
    if (far && await gate.ask(() => far.commit({ signal }), unlessLost({ signal }))) {
      const mark = newMark({ kind: "copy", at });
      await commitCopy(parts, near, mark);
      ledger.note(key, { id: mark.id, at, order: Date.now() });
      return true;
    }
    const base = await currentBase(parts, key, { signal });
    const mark = newMark({ kind: "own", at, base, durable });
    await near.write(names.own, encodeMark(mark), { signal });
    await near.commit({ signal });
    ledger.note(key, { id: mark.id, at: write === "near" ? at : 0, order: Date.now() });
    return false;
  }, signal);
}

/** The entry is saved already, so that what goes wrong here costs no more than a copy. */
async function commitCopy({ near, names }: Parts, draft: Draft, mark: Mark): Promise<void> {
  try {
    await draft.write(names.own, encodeMark(mark));
    await draft.commit();
  } catch (error) {
    console.warn(
      `"${draft.key}" is saved in the far storage, but the near one (${
        nameOf(near)
      }) cannot keep a ` +
        `copy: ${messageOf(error)}`,
    );
  }
}

/** What far is known to have, in whose place an own entry of near is saved. */
async function currentBase(
  parts: Parts,
  key: string,
  { signal }: Call,
): Promise<Base | undefined> {
  const { far: storage, names, ledger, gate, write } = parts;
  if (write === "near") {
    const ask = () =>
      compareFar(
        { storage, names, signal },
        key,
        async (far) => far && await baseOf(far, { signal }),
      );
    const answer = await gate.ask(ask, { signal });
    if (answer) return answer.value;
  }
  const known = ledger.get(key);
  const near = await nearAt(parts, key, { signal });
  if (!near || ledger.isOutdated(key, near.mark)) {
    return known?.version === undefined ? undefined : { version: known.version };
  }
  const { kind, base, version, id } = near.mark;
  if (kind === "own") return base;
  const told = version ?? (known?.id === id ? known.version : undefined);
  if (told !== undefined) return { version: told };
  return { fingerprint: await fingerprintOf(near.entry, { signal }) };
}
