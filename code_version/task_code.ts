/** The code that tasks of a type can reach, as it counts for their version. */
export interface TaskCode {
  /** The version: `auto:` and 40 hex digits. */
  readonly version: string;
  /**
   * What it was made of: declarations, packages and files, each with a digest of its own (16 hex digits). Two
   * versions differ by the parts that are not the same in both. The names are `folds.ts stratifiedFolds` (a
   * declaration of a module, whose path is relative to the module of the type), `npm:d3-array` (a
   * package; its locked version stands before the digest) and `data/birds.csv` (a file).
   */
  readonly parts: ReadonlyMap<string, string>;
  /** The digest of what the program has imported: all but the files that are included. */
  readonly program: string;
  /** The local files that were read for it and that the program has imported: modules, and data as JSON. */
  readonly sources: readonly Source[];
  /** The files that the definition includes, which tasks read when they run. */
  readonly included: readonly Source[];
  /** The parts that import modules whose names are found out only when they run: what those hold is not seen. */
  readonly unseen: readonly string[];
}

/** A file that was read, as it was then. */
export interface Source {
  /** Its `file:` URL. */
  readonly url: string;
  /** In bytes; -1 where there was no such file. */
  readonly size: number;
  /** When it, or what is known of it, was last changed, in ms since the epoch. */
  readonly changed: number;
}

/** The file as it is now. */
export function sourceAt(url: string): Source {
  try {
    const { size, mtime, ctime } = Deno.statSync(new URL(url));
    const changed = Math.max(mtime?.getTime() ?? 0, ctime?.getTime() ?? 0);
    return { url, size, changed };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { url, size: -1, changed: 0 };
  }
}

/** The first of the files that is not now as it was, of those that may be looked at. */
export function changedSource(sources: Iterable<Source>): Source | undefined {
  for (const source of sources) {
    const now = sourceIfAllowed(source.url);
    if (now === undefined) continue; // a child whose tasks may touch little has not imported it either
    if (now.size !== source.size || now.changed !== source.changed) return source;
  }
}

function sourceIfAllowed(url: string): Source | undefined {
  try {
    return sourceAt(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
