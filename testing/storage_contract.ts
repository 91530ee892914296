import type { Storage } from "../storages/storage.ts";
import { CLAIM_CASES } from "./_storage_claims.ts";
import { DRAFT_CASES } from "./_storage_drafts.ts";
import { ENTRY_CASES } from "./_storage_entries.ts";
import { NAME_CASES } from "./_storage_names.ts";
import { RACE_CASES } from "./_storage_races.ts";
import type { StorageCase } from "./_storage_scene.ts";
import { SIGNAL_CASES } from "./_storage_signals.ts";

/** What is put to the test, and how. */
export interface StorageContract<S extends Storage = Storage> {
  /** What the tests are called by. */
  readonly name: string;
  /** Makes an empty storage; called once for each test. */
  make(): S | Promise<S>;
  /**
   * Opens a second storage on the place of one that `make` gave, as another program would. Leave it
   * out where that cannot be, and the promises about it are not tried.
   */
  again?(storage: S): Storage | Promise<Storage>;
  /** Removes the place of a storage that `make` gave, after each test and the disposal of the storage. */
  remove?(storage: S): void | Promise<void>;
  /**
   * Whether the storage keeps what it is given. For one that never does, as `NullStorage`, only the
   * promises about names, drafts and signals are tried, and that it finds nothing.
   *
   * @default {true}
   */
  readonly keeps?: boolean;
  /**
   * Whether the storage has claims that hold.
   *
   * @default {false}
   */
  readonly claims?: boolean;
  /**
   * How often savers, readers and deleters of one key meet.
   *
   * @default {60}
   */
  readonly rounds?: number;
  /**
   * Registers a test.
   *
   * @default {Deno.test}
   */
  readonly test?: (name: string, run: () => Promise<void>) => void;
}

const CASES: readonly StorageCase[] = [
  ...NAME_CASES,
  ...ENTRY_CASES,
  ...DRAFT_CASES,
  ...SIGNAL_CASES,
  ...RACE_CASES,
  ...CLAIM_CASES,
];

/**
 * Registers one test for each promise that a storage makes (see `Storage`, and `docs/storages.md`).
 *
 * @example Five lines for a storage of one's own
 * ```ts
 * import { storageContract } from "@labtech/lab/testing";
 * import { MemoryStorage } from "@labtech/lab/storages";
 *
 * const tests: (() => Promise<void>)[] = [];
 * storageContract({
 *   name: "MemoryStorage",
 *   make: () => new MemoryStorage(),
 *   test: (_name, run) => tests.push(run), // left out, the tests are registered with Deno.test
 * });
 * for (const run of tests) await run();
 * ```
 */
export function storageContract<S extends Storage>(contract: StorageContract<S>): void {
  const { name, keeps = true, claims = false, test = Deno.test } = contract;
  for (const each of CASES) {
    if (each.by === "keeping" && !keeps) continue;
    if (each.by === "forgetting" && keeps) continue;
    if (each.by === "sharing" && !contract.again) continue;
    if (each.by === "claiming" && !claims) continue;
    test(`${name}: ${each.name}`, () => play(contract, each));
  }
}

async function play<S extends Storage>(
  contract: StorageContract<S>,
  { run }: StorageCase,
): Promise<void> {
  const { rounds = 60 } = contract;
  const storage = await contract.make();
  try {
    await using others = new AsyncDisposableStack();
    others.use(storage);
    const again = async () => contract.again ? others.use(await contract.again(storage)) : storage;
    await run({ storage, again, rounds });
  } finally {
    await contract.remove?.(storage);
  }
}
