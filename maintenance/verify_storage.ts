import { neutralizeLine } from "../progress/neutralize.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Leftover, LeftoverOptions, Storage } from "../storages/storage.ts";
import { atOnce } from "./_at_once.ts";
import { checkEntry, type EntryCheck } from "./_check_entry.ts";

/** Something in a storage that is not as it should be. */
export interface StorageProblem {
  /**
   * What it is:
   * - `"torn"`: an entry that is damaged, and counts as not there.
   * - `"foreign"`: what something else than this library made, an entry or not.
   * - `"untrusted"`: an entry that is not signed by a key that is trusted, or is not what was signed.
   * - `"unreadable"`: an entry that the medium did not give; it may be a good one.
   * - `"orphaned"`: what a program that died left behind, and nobody sees.
   */
  readonly kind: "torn" | "foreign" | "untrusted" | "unreadable" | "orphaned";
  /** The key of the entry, where it is one. */
  readonly key?: string;
  /** Where it lies, where it is no entry; in words, safe to print. */
  readonly place?: string;
  /** What is wrong, in words, safe to print. */
  readonly reason: string;
  /** What was done about it, where something was. */
  readonly repaired?: "set aside" | "removed";
  /** Where it was moved to, where it was set aside; safe to print. */
  readonly movedTo?: string;
}

/** What {@linkcode verifyStorage} found. */
export interface StorageReport {
  /** How many entries were looked at. */
  readonly entries: number;
  /** How much was read, in bytes. */
  readonly bytes: number;
  /** How many entries lie aside, where an earlier repair put them, and their size in bytes. */
  readonly aside: { readonly count: number; readonly bytes: number };
  /** What is not as it should be, or was not. */
  readonly problems: readonly StorageProblem[];
}

/** How far {@linkcode verifyStorage} has come. */
export interface VerifyProgress {
  /** How many entries were looked at. */
  readonly entries: number;
  /** How much was read, in bytes. */
  readonly bytes: number;
  /** How many problems were found. */
  readonly problems: number;
}

/** How {@linkcode verifyStorage} works. */
export interface VerifyOptions extends Call, Pick<LeftoverOptions, "grace"> {
  /**
   * Whether torn entries are set aside, and orphaned files removed. What is foreign, untrusted or
   * unreadable stays: it may be of use to somebody.
   *
   * @default {false}
   */
  readonly repair?: boolean;
  /** Whose entries are trusted, e.g. a Lab's `signing`; all when it is left out. */
  readonly signing?: EntrySigning;
  /** Is told now and then how far it has come. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** How many entries are read at a time. */
const AT_ONCE = 4;

const ORPHANS = {
  draft: "left by a program that died while it saved",
  replaced: "left of an entry that was replaced or deleted",
} as const;

/**
 * Reads every byte of every entry of a storage, and tells what is not as it should be: entries that are
 * not whole, whose files differ from the digests that were noted when they were saved, or whose key is
 * not that of their task; and what lies there and is no entry. Results are not decoded, nothing is
 * imported, and little is held in memory: a few files are streamed at a time.
 *
 * Others may use the storage meanwhile: an entry that is replaced while it is read is read again.
 *
 * @throws {StorageError} When the storage cannot be listed, or a repair fails.
 *
 * @example
 * ```ts
 * import { verifyStorage } from "@labtech/lab/maintenance";
 * import { Lab, task } from "@labtech/lab";
 * import { MemoryStorage } from "@labtech/lab/storages";
 * import { assertEquals } from "@std/assert";
 *
 * const Square = task(import.meta, {
 *   name: "VerifiedSquare",
 *   run: ({ base }: { base: number }) => base ** 2,
 * });
 * const storage = new MemoryStorage();
 * await using lab = new Lab({ storage, runner: "serial", progress: false });
 * await lab.runTasks([1, 2, 3].map((base) => Square({ base })));
 *
 * const report = await verifyStorage(storage);
 * assertEquals([report.entries, report.problems], [4, []]); // three results, and the record of the run
 * ```
 */
export async function verifyStorage(
  storage: Storage,
  options: VerifyOptions = {},
): Promise<StorageReport> {
  options.signal?.throwIfAborted();
  const verification = new Verification(storage, options);
  await verification.checkEntries();
  await verification.checkLeftovers();
  return verification.report;
}

class Verification {
  readonly #storage: Storage;
  readonly #options: VerifyOptions;
  readonly #check: EntryCheck;
  readonly #problems: StorageProblem[] = [];
  readonly #absent = new Set<string>();
  readonly #aside = { count: 0, bytes: 0 };
  #entries = 0;
  #bytes = 0;

  constructor(storage: Storage, options: VerifyOptions) {
    this.#storage = storage;
    this.#options = options;
    const { signal, signing } = options;
    this.#check = { signal, signing, onBytes: (count) => this.#bytes += count };
  }

  get report(): StorageReport {
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      aside: this.#aside,
      problems: this.#problems,
    };
  }

  async checkEntries(): Promise<void> {
    const { signal } = this.#options;
    await atOnce(this.#storage.findKeys({ signal }), AT_ONCE, async (key) => {
      const fault = await checkEntry(this.#storage, key, this.#check);
      this.#entries++;
      if (fault?.isAbsent) this.#absent.add(key);
      else if (fault) await this.#add(key, fault);
      this.#tell();
    });
    if (this.#absent.size === 0) return;
    // Of those that cannot be opened, some were deleted meanwhile: those are not listed any more.
    for await (const key of this.#storage.findKeys({ signal })) {
      if (!this.#absent.delete(key)) continue;
      const fault = await checkEntry(this.#storage, key, this.#check);
      if (fault) await this.#add(key, fault);
      this.#tell();
    }
    this.#entries -= this.#absent.size;
  }

  async checkLeftovers(): Promise<void> {
    const { signal, grace } = this.#options;
    for await (const leftover of this.#storage.findLeftovers({ signal, grace })) {
      await this.#addLeftover(leftover);
      this.#tell();
    }
  }

  async #add(key: string, fault: Pick<StorageProblem, "kind" | "reason">): Promise<void> {
    const { kind, reason } = fault;
    const { repair, signal } = this.#options;
    if (!repair || kind !== "torn") return void this.#problems.push({ kind, key, reason });
    // It may be a new one by now.
    const now = await checkEntry(this.#storage, key, this.#check);
    if (now?.kind !== "torn") return;
    const place = await this.#storage.setAside(key, { signal });
    this.#problems.push(
      place === undefined
        ? { kind, key, reason, repaired: "removed" }
        : { kind, key, reason, repaired: "set aside", movedTo: neutralizeLine(place) },
    );
  }

  async #addLeftover(leftover: Leftover): Promise<void> {
    const { kind, bytes } = leftover;
    const place = neutralizeLine(leftover.place);
    if (kind === "aside") {
      this.#aside.count++;
      this.#aside.bytes += bytes;
    } else if (kind === "foreign") {
      this.#problems.push({ kind, place, reason: "made by something else than this storage" });
    } else if (this.#options.repair) {
      const isGone = await leftover.remove({ signal: this.#options.signal });
      if (isGone && bytes > 0) this.#addOrphan(kind, place, bytes, { repaired: "removed" });
    } else if (bytes > 0) {
      this.#addOrphan(kind, place, bytes);
    }
  }

  /** What takes no room, such as the mark of a program that has ended, is no problem. */
  #addOrphan(
    kind: keyof typeof ORPHANS,
    place: string,
    bytes: number,
    done?: Pick<StorageProblem, "repaired">,
  ): void {
    const reason = `${ORPHANS[kind]} (${bytes} bytes)`;
    this.#problems.push({ kind: "orphaned", place, reason, ...done });
  }

  #tell(): void {
    this.#options.onProgress?.({
      entries: this.#entries,
      bytes: this.#bytes,
      problems: this.#problems.length,
    });
  }
}
