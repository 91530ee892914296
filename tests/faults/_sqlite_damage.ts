import { GENUINE } from "./_library.ts";
import { resultKey } from "../../serialize.ts";
import { StorageError } from "../../errors.ts";
import { SqliteStorage } from "../../storages/mod.ts";
import { type Task, task } from "../../task.ts";
import { noise } from "../../testing/_storage_scene.ts";
import { plainCache } from "./_damage.ts";
import { isSame } from "./_disk_model.ts";
import { fastScratch } from "./_fast_scratch.ts";
import { Random } from "./_random.ts";

/** What came of flipped bits in a database. */
export interface SqliteDamageCount {
  /** How many bits were flipped, one at a time. */
  flips: number;
  /** How many loads were a miss. */
  misses: number;
  /** How many gave the right value, as the bit was none of theirs. */
  right: number;
  /** How many rejected with a StorageError: SQLite found the file damaged, or it is none of ours. */
  refused: number;
  /** What was wrong. */
  readonly problems: string[];
}

const Damaged = task(null, { name: "SqliteDamaged", run: ({ n }: { readonly n: number }) => n });
const VALUES = [noise(200), noise(9000), noise(40_000)] as const;
const TASKS = VALUES.map((_, n) => Damaged({ n }));

/** Flips bits of a database file, one at a time; each entry must load right, be a miss, or be refused. */
export async function damageDatabase(
  { flips, seed = 1 }: { readonly flips: number; readonly seed?: number },
): Promise<SqliteDamageCount> {
  const count: SqliteDamageCount = { flips: 0, misses: 0, right: 0, refused: 0, problems: [] };
  using place = fastScratch();
  const file = `${place.dir}/r.db`;
  const cache = plainCache(GENUINE);
  const keyOf = (task: Task) => resultKey(cache.keyPrefix, task);
  {
    await using storage = new SqliteStorage(file);
    for (const [n, task] of TASKS.entries()) {
      const meta = { start: new Date(0), duration: 1 };
      await cache.save(storage, keyOf(task), task, { value: VALUES[n], meta });
    }
  }
  const good = Deno.readFileSync(file);
  const random = new Random(seed);
  for (let n = 0; n < flips; n++) {
    const bit = random.below(8 * good.length);
    const bad = good.slice();
    bad[bit >> 3]! ^= 1 << (bit & 7);
    Deno.writeFileSync(file, bad);
    await using storage = new SqliteStorage(file);
    for (const [n, task] of TASKS.entries()) {
      try {
        const found = await cache.load(storage, keyOf(task), task);
        if (found === undefined) count.misses++;
        else if (isSame(found.value as Uint8Array, VALUES[n]!)) count.right++;
        else count.problems.push(`Bit ${bit}: a wrong value`);
      } catch (error) {
        if (error instanceof StorageError) count.refused++;
        else count.problems.push(`Bit ${bit}: ${error}`);
      }
    }
    count.flips++;
    await storage[Symbol.asyncDispose]();
    for (const ending of ["-wal", "-shm", "-journal"]) {
      try {
        Deno.removeSync(file + ending);
      } catch {
        // It was not made.
      }
    }
  }
  return count;
}
