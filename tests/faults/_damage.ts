import type { Entry } from "../../storages/storage.ts";
import type { ResultDraft } from "../../caches/cache.ts";
import { resultKey } from "../../serialize.ts";
import { task } from "../../task.ts";
import { isSame } from "./_disk_model.ts";
import { fastScratch } from "./_fast_scratch.ts";
import type { Library } from "./_library.ts";
import { Random } from "./_random.ts";

/** What came of flipped bits. */
export interface DamageCount {
  /** How many bits were flipped, one at a time. */
  flips: number;
  /** How many files were cut or removed. */
  spoilt: number;
  /** How many of the flips made the entry a miss. */
  misses: number;
  /** What was wrong. */
  readonly problems: string[];
}

const DATA = new Uint8Array(200).map((_, at) => at);
const Damaged = task(null, { name: "FaultDamaged", run: () => DATA })();
const KEY = resultKey("plain__", Damaged);

/** Flips bits of stored files, one at a time, and cuts and removes them; each time the entry must be a miss. */
export async function damageFiles(
  library: Library,
  { flips, enough = Infinity }: { readonly flips: number; readonly enough?: number },
): Promise<DamageCount> {
  const count: DamageCount = { flips: 0, misses: 0, spoilt: 0, problems: [] };
  using place = fastScratch();
  const storage = new library.LocalStorage({ dir: place.dir, gitignore: false });
  const cache = plainCache(library);
  const meta = { start: new Date(0), duration: 1 };
  await cache.save(storage, KEY, Damaged, { value: DATA, meta });
  const folder = `${place.dir}/${[...Deno.readDirSync(place.dir)][0]!.name}`;
  const files = Array.from(Deno.readDirSync(folder), ({ name }) => `${folder}/${name}`);
  const random = new Random(1);
  for (let n = 0; n < flips && count.problems.length < enough; n++) {
    const file = files[n % files.length]!;
    const good = Deno.readFileSync(file);
    const bit = random.below(8 * good.length);
    const bad = good.slice();
    bad[bit >> 3]! ^= 1 << (bit & 7);
    Deno.writeFileSync(file, bad);
    const found = await cache.load(storage, KEY, Damaged);
    count.flips++;
    if (found === undefined) count.misses++;
    else count.problems.push(`Bit ${bit} of ${file.slice(folder.length + 1)} went unnoticed`);
    Deno.writeFileSync(file, good);
  }
  for (const file of files) {
    for (const spoil of [() => Deno.truncateSync(file, 9), () => Deno.removeSync(file)]) {
      const good = Deno.readFileSync(file);
      spoil();
      count.spoilt++;
      if (await storage.exists(KEY) || await storage.open(KEY)) {
        count.problems.push(
          `${file.slice(folder.length + 1)} is cut or gone, and it went unnoticed`,
        );
      }
      Deno.writeFileSync(file, good);
    }
  }
  const found = await cache.load(storage, KEY, Damaged);
  if (!found || !isSame(found.value as Uint8Array, DATA)) count.problems.push("The entry is lost");
  return count;
}

/** Has no format that would notice by itself. */
export function plainCache(library: Library): InstanceType<Library["BaseCache"]> {
  return new class extends library.BaseCache {
    readonly name = "plain";
    override saveResult(draft: ResultDraft, _task: unknown, result: unknown): Promise<void> {
      return draft.write("data.bin", result as Uint8Array);
    }
    override loadResult(entry: Entry): Promise<unknown> {
      return entry.read("data.bin");
    }
  }();
}
