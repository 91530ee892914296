import { type Lab, type LabOptions, type Storage, type Task, task } from "@labtech/lab";
import type { Random } from "../faults/_random.ts";
import { quietLab } from "../e2e/_lab.ts";
import { STORAGES } from "../_signed_entries.ts";
import { scratch } from "../e2e/_scratch.ts";

/** The types of the tests, of some code versions. Without a module they may be defined again. */
export interface Types {
  readonly Leaf: (params: { n: number }) => Task<number>;
  readonly Mid: (params: { of: Task<number>[]; n: number }) => Task<number>;
  readonly Top: (params: { of: Task<number>[]; n: number }) => Task<number>;
  /** How many tasks ran. */
  readonly ran: () => number;
}

/** Code versions by type; none where it is left out. */
export type Versions = Readonly<Partial<Record<"Leaf" | "Mid" | "Top", string>>>;

/** Defines the types of the tests. */
export function types(versions: Versions = {}): Types {
  let ran = 0;
  const run = ({ of = [], n }: { of?: Task<number>[]; n: number }) => {
    ran++;
    return of.reduce((sum, { result }) => sum + result, n);
  };
  const make = (name: keyof Versions) =>
    task(null, { name: `Grown${name}`, codeVersion: versions[name], run });
  const [Leaf, Mid, Top] = [make("Leaf"), make("Mid"), make("Top")];
  return { Leaf, Mid, Top, ran: () => ran };
}

/** A graph of tasks in three layers, the same for the same numbers: all of them, what is nested first. */
export function graph({ Leaf, Mid, Top }: Types, random: Random): Task<number>[] {
  const leaves = [1, 2, 3, 4].map((n) => Leaf({ n }));
  const mids = [1, 2, 3].map((n) => Mid({ of: random.pick(leaves, 1 + random.below(3)), n }));
  const tops = [1, 2, 3].map((n) =>
    Top({ of: random.pick([...leaves, ...mids], 1 + random.below(4)), n })
  );
  return [...leaves, ...mids, ...tops];
}

/** A Lab on a storage, in a scratch directory where it needs one. */
export async function onStorage(
  name: keyof typeof STORAGES,
  options: LabOptions = {},
): Promise<
  AsyncDisposable & { readonly lab: Lab; readonly storage: Storage; readonly dir: string }
> {
  await using parts = new AsyncDisposableStack();
  const place = parts.use(await scratch());
  const storage = parts.use(STORAGES[name]!(place.dir));
  const lab = parts.use(quietLab({ runner: "async", storage, records: false, ...options }));
  const owned = parts.move();
  return { lab, storage, dir: place.dir, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The keys of all entries. */
export async function keysIn(storage: Storage): Promise<string[]> {
  return (await Array.fromAsync(storage.findKeys())).sort();
}
