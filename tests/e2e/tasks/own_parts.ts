/** Caches and storages of one's own, and tasks whose results they keep. */
import { BaseCache, type ResultDraft } from "@labtech/lab/caches";
import { caches, storages } from "@labtech/lab/registry";
import { type Draft, type Entry, LocalStorage, Storage } from "@labtech/lab/storages";
import { type Task, task } from "@labtech/lab";
import * as v from "valibot";
import { Point } from "./faults.ts";

/** Writes points as text. Notes which thread it was used in. */
export class PointCache extends BaseCache {
  readonly name: string = "points";
  override readonly keyPrefix: string = "points__";
  static saved = 0;

  async saveResult(draft: ResultDraft, _task: Task, result: unknown): Promise<void> {
    if (!(result instanceof Point)) throw new TypeError("Expected a Point");
    PointCache.saved++;
    await draft.write("x.txt", new TextEncoder().encode(`${result.x}`));
    await draft.write("y.txt", new TextEncoder().encode(`${result.y}`));
  }

  async loadResult(entry: Entry): Promise<Point> {
    const read = async (file: string) => Number(new TextDecoder().decode(await entry.read(file)));
    return new Point(await read("x.txt"), await read("y.txt"));
  }
}

/** The same, which workers make for themselves. */
export class SharedPointCache extends PointCache {
  override readonly name = "shared-points";
  override readonly keyPrefix = "shared_points__";

  override get spec(): { type: string } {
    return { type: this.name };
  }
}

caches.register({
  name: "shared-points",
  summary: "Points as text",
  options: v.strictObject({}),
  create: () => new SharedPointCache(),
  module: import.meta.url,
});

/** A directory that nobody else knows how to open. */
export class OwnStorage extends Storage {
  readonly #inner: LocalStorage;

  constructor(dir: string) {
    super();
    this.#inner = new LocalStorage({ dir });
  }

  override get permissions(): Deno.PermissionOptionsObject {
    return this.#inner.permissions;
  }

  override findKeys(...args: Parameters<Storage["findKeys"]>): AsyncIterable<string> {
    return this.#inner.findKeys(...args);
  }

  override exists(...args: Parameters<Storage["exists"]>): Promise<boolean> {
    return this.#inner.exists(...args);
  }

  override open(...args: Parameters<Storage["open"]>): Promise<Entry | undefined> {
    return this.#inner.open(...args);
  }

  override create(...args: Parameters<Storage["create"]>): Promise<Draft> {
    return this.#inner.create(...args);
  }

  override delete(...args: Parameters<Storage["delete"]>): Promise<boolean> {
    return this.#inner.delete(...args);
  }
}

storages.register({
  name: "own-folder",
  summary: "A directory, by a plugin of one's own",
  options: v.strictObject({ at: v.string() }),
  create: ({ at }, env) => new LocalStorage({ dir: env.path(at) }),
  module: import.meta.url,
});

const moved = ({ from, by }: { from?: Task<Point>; by: number }) =>
  new Point((from?.result.x ?? 0) + by, (from?.result.y ?? 0) - by);

/** Kept by an instance that no other thread can make. */
export const Moved = task(import.meta, { name: "Moved", cache: new PointCache(), run: moved });

/** Kept by a cache that workers make by name. */
export const SharedMoved = task(import.meta, {
  name: "SharedMoved",
  cache: { type: "shared-points" },
  run: moved,
});

/** Gives what its cache refuses. */
export const Lost = task(import.meta, { name: "Lost", cache: new PointCache(), run: () => 3 });
