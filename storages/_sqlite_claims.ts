import {
  isAbsence,
  look,
  patiently,
  SEPARATOR,
  tryRemove,
  tryRemoveFolder,
} from "./_local_files.ts";
import { makePlainFolder } from "./_local_writer.ts";
import { claimByLock, holds, isClaimed, removeUnclaimed } from "./_lock_claim.ts";
import { keyOf, placeOf } from "./_place.ts";
import { sqliteFailure } from "./_sqlite_failure.ts";
import type { SqlitePlace } from "./_sqlite_file.ts";
import type { Claim, Leftover, LeftoverOptions } from "./storage.ts";

/** How often the folder may be removed by others while we make a file in it. */
const TRIES = 100;

/** Who computes which entry of a database: a locked file for each, in a folder beside it. */
export class SqliteClaims {
  readonly #place: SqlitePlace;
  #isUsed = false;

  /** Speaks of a database. */
  constructor(place: SqlitePlace) {
    this.#place = place;
  }

  /** Claims a key, unless somebody else has it. Gives a claim to everybody where the folder is forbidden. */
  take(key: string): Claim | undefined {
    const path = this.#pathOf(key);
    if (!isAllowed(this.#place.claims)) return unbound(key);
    this.#isUsed = true;
    try {
      return claimByLock({
        ...{ key, path },
        make: () => this.#make(path),
        find: () => "nothing",
        clear: () => tryRemove(path),
      });
    } catch (error) {
      throw this.#failure(`claim "${key}"`, error);
    }
  }

  /** Whether the claim of a token is still held. */
  has(key: string, token: string): boolean {
    return holds(token, this.#pathOf(key));
  }

  /** Gives the files of those who died. */
  async *findLeftovers({ signal }: LeftoverOptions): AsyncGenerator<Leftover> {
    const { claims } = this.#place;
    for (const { name, isFile } of this.#list()) {
      signal?.throwIfAborted();
      const place = claims + SEPARATOR + name;
      const isOurs = isFile && keyOf(name) !== undefined;
      if (isOurs && isClaimed(place)) continue;
      const kind = isOurs ? "draft" : "foreign";
      yield {
        ...{ place, kind, bytes: look(place)?.size ?? 0 },
        remove: () => this.#remove(place, kind),
      };
    }
  }

  /** Removes the folder, if nobody has a claim. */
  dispose(): void {
    if (this.#isUsed) tryRemoveFolder(this.#place.claims);
  }

  async #remove(path: string, kind: Leftover["kind"]): Promise<boolean> {
    try {
      await patiently(() => {
        if (kind === "draft") removeUnclaimed(path);
        else Deno.removeSync(path, { recursive: true });
      });
    } catch (error) {
      if (!isAbsence(error)) throw this.#failure(`remove "${path}"`, error);
    }
    tryRemoveFolder(this.#place.claims);
    return look(path) === undefined;
  }

  #list(): Deno.DirEntry[] {
    const { claims } = this.#place;
    try {
      if (!isAllowed(claims) || !look(claims)?.isDirectory) return [];
      return [...Deno.readDirSync(claims)];
    } catch (error) {
      if (isAbsence(error)) return [];
      throw this.#failure("look for what is left over", error);
    }
  }

  #make(path: string): boolean {
    for (let tries = 1;; tries++) {
      // A link there would have us write elsewhere.
      if (!look(this.#place.claims)?.isDirectory) makePlainFolder(this.#place.claims);
      try {
        Deno.openSync(path, { write: true, createNew: true }).close();
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) return false;
        if (!isAbsence(error) || tries === TRIES) throw error;
      }
    }
  }

  #pathOf(key: string): string {
    return this.#place.claims + SEPARATOR + placeOf(key);
  }

  #failure(doing: string, error: unknown): unknown {
    return sqliteFailure(this.#place, doing, error);
  }
}

/** Asks for nothing: a program may have the permissions of the file only. */
function isAllowed(path: string): boolean {
  return (["read", "write"] as const)
    .every((name) => Deno.permissions.querySync({ name, path }).state === "granted");
}

function unbound(key: string): Claim {
  return {
    ...{ key, hasEntry: true },
    isHeld: () => Promise.resolve(true),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
