import type { Question } from "./_tiered_gate.ts";
import { ClaimLost } from "./_draft_state.ts";
import type { Parts } from "./_tiered_parts.ts";
import type { Call, Claim, Storage } from "./storage.ts";

/** What a token begins with, of a claim in either storage. */
const FAR = "far:", NEAR = "near:";

/** Whether one of the two storages has claims that those have in common who save. */
export function hasClaims({ near, far, write }: Pick<Parts, "near" | "far" | "write">): boolean {
  return near.claim !== undefined || (write === "both" && far.claim !== undefined);
}

/**
 * Claims a key in far, where all who save meet. Where that has no claims, is only read, or is down, in near:
 * then it holds for those who have that in common, which are mostly the programs of one machine.
 */
export async function takeClaim(
  parts: Parts,
  key: string,
  call: Call,
): Promise<Claim | undefined> {
  const { near, far, gate, write } = parts;
  if (write === "both" && far.claim) {
    const { answer, error } = await gate.tryAsk(() => far.claim!(key, call), call);
    if (answer) return answer.value && await farClaim(answer.value, near, call);
    if (!near.claim) throw error ?? gate.lastError;
  }
  const claim = await near.claim!(key, call);
  if (!claim || claim.hasEntry) return claim && passed(claim, { start: NEAR, hasEntry: true });
  const inFar = await gate.ask(() => far.exists(key, call), call);
  return passed(claim, { start: NEAR, hasEntry: inFar?.value ?? false });
}

/** Gives the token of a claim to the storage that it is of. */
export function tokensFor(token: string | undefined): { near?: string; far?: string } {
  if (token?.startsWith(FAR)) return { far: token.slice(FAR.length) };
  if (token?.startsWith(NEAR)) return { near: token.slice(NEAR.length) };
  return {};
}

/** Lets the refusal of a commit through: it is no failure of the storage. */
export function unlessLost<T extends Question>(question: T): T & Question {
  const excuses = (error: unknown) =>
    error instanceof ClaimLost || (question.excuses?.(error) ?? false);
  return { ...question, excuses };
}

async function farClaim(claim: Claim, near: Storage, call: Call): Promise<Claim> {
  try {
    // What was saved while far was down lies in near alone.
    return passed(claim, {
      start: FAR,
      hasEntry: claim.hasEntry || await near.exists(claim.key, call),
    });
  } catch (error) {
    await claim[Symbol.asyncDispose]();
    throw error;
  }
}

function passed(
  claim: Claim,
  { start, hasEntry }: { readonly start: string; readonly hasEntry: boolean },
): Claim {
  return {
    ...{ key: claim.key, ttl: claim.ttl, hasEntry },
    token: claim.token === undefined ? undefined : start + claim.token,
    isHeld: (options) => claim.isHeld(options),
    [Symbol.asyncDispose]: async () => await claim[Symbol.asyncDispose](),
  };
}
