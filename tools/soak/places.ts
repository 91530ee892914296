import type { Place } from "../../testing/_fault_orders.ts";
import { strangersIn } from "../../tests/faults/_leftovers.ts";

/** A place for a storage, that is removed at the end of the block. */
export type SoakPlace = Place & AsyncDisposable;

/** How a storage that processes share is given a place. */
export interface StorageMaker {
  /** The registered name. */
  readonly name: string;
  /** Gives an empty place. */
  make(): Promise<SoakPlace>;
  /** Why none can be made here; `undefined` where it can. */
  missing?(): Promise<string | undefined>;
  /** How long a process may live before it is killed, in ms: about what ten saves take. @default {40} */
  readonly lifetime?: number;
  /** For how long a draft must have written nothing to be taken for a dead one's, in ms. @default {10000} */
  readonly grace?: number;
  /** Names what lies in a place beside entries. */
  readonly strangers?: (spec: Place["spec"]) => string[];
}

/** How many are worked on at once. */
export const LANES = Math.max(1, Math.min(4, navigator.hardwareConcurrency));

/** The storages on the disk. */
export const DISK_STORAGES: readonly StorageMaker[] = [
  {
    name: "local",
    make: () => onDisk((dir) => ({ type: "local", dir })),
    grace: 0,
    strangers: ({ dir }) => strangersIn(String(dir)),
  },
  { name: "sqlite", make: () => onDisk((dir) => ({ type: "sqlite", file: `${dir}/results.db` })) },
];

/** Shares out so many of something between places of their own, which are worked on at once. */
export async function inLanes<T>(
  storage: StorageMaker,
  count: number,
  run: (place: Place, count: number) => Promise<T>,
): Promise<T[]> {
  return await Promise.all(Array.from({ length: LANES }, async () => {
    await using place = await storage.make();
    return await run(place, Math.ceil(count / LANES));
  }));
}

/** A place on the disk, as results usually lie. */
async function onDisk(spec: (dir: string) => Place["spec"]): Promise<SoakPlace> {
  const dir = await Deno.makeTempDir();
  return {
    spec: spec(dir),
    modules: [],
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}
