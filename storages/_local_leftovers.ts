import { ASIDE, findAside } from "./_local_aside.ts";
import { failure } from "./_local_failure.ts";
import { isAbsence, look, lookAgain, SEPARATOR } from "./_local_files.ts";
import { contentOf, deletedBy, type FolderContent, writerOf } from "./_local_folder.ts";
import { type Found, leftoverOf, whole } from "./_local_found.ts";
import type { LocalRoot } from "./_local_root.ts";
import { lifeOf, removeMarker, WRITERS } from "./_local_writer.ts";
import { isClaimed } from "./_lock_claim.ts";
import { networkOf } from "./_network.ts";
import { Pace } from "./_pace.ts";
import { keyOf } from "./_place.ts";
import type { Leftover, LeftoverOptions } from "./storage.ts";

/** After how long a folder in which nothing was made is left over, in ms; who needs it makes it again. */
const EMPTY_FOR = 60_000;
const DAY = 24 * 60 * 60 * 1000;
/** What lies in the directory and is neither a key's folder nor foreign. */
const GITIGNORE = ".gitignore";
const GITIGNORE_ASIDE = /^\.gitignore\.([0-9a-z]{8}-[0-9a-z]{1,11})\.tmp$/;
const MARKER = /^([0-9a-z]{8})\.lock$/;

/** Finds what lies in the directory of a local storage, and is no entry. */
export class LocalLeftovers {
  readonly #root: LocalRoot;
  readonly #grace: number;
  readonly #signal?: AbortSignal;
  #isOnNetwork = false;

  /** Speaks of a directory. */
  constructor(root: LocalRoot, { grace = DAY, signal }: LeftoverOptions) {
    this.#root = root;
    this.#grace = grace;
    this.#signal = signal;
  }

  /** Gives them; the markers of dead writers after all else, as they tell what else there is. */
  async *find(): AsyncGenerator<Leftover> {
    this.#signal?.throwIfAborted();
    const pace = new Pace();
    let names: Deno.DirEntry[];
    try {
      if (!this.#root.check()) return;
      this.#isOnNetwork = networkOf(this.#root.dir) !== undefined;
      names = [...Deno.readDirSync(this.#root.dir)];
    } catch (error) {
      if (isAbsence(error)) return;
      throw this.#failure("look for what is left over", error);
    }
    for (const item of names) {
      yield* this.#leftovers(() => this.#lookAt(item));
      if (pace.due) await pace.rest();
      this.#signal?.throwIfAborted();
    }
    yield* this.#leftovers(() => this.#markers());
  }

  #lookAt({ name, isFile, isDirectory }: Deno.DirEntry): Found[] {
    const path = this.#root.dir + SEPARATOR + name;
    if (isDirectory) {
      if (name === WRITERS) return [];
      if (name === ASIDE) return this.#aside(path);
      return keyOf(name) === undefined ? [whole(path, "foreign")] : this.#inFolder(path);
    }
    if (isFile && name === GITIGNORE) return [];
    const [, generation] = isFile ? GITIGNORE_ASIDE.exec(name) ?? [] : [];
    if (generation === undefined) return [whole(path, "foreign")];
    return present(this.#gitignoreAside(path, generation));
  }

  #aside(folder: string): Found[] {
    if (!look(folder)) return [];
    return findAside(this.#root.dir).map(({ path, isEntry }) =>
      isEntry ? whole(path, "aside", folder) : whole(path, "foreign")
    );
  }

  #inFolder(folder: string): Found[] {
    const content = contentIn(folder);
    if (content === undefined) return [];
    const foreign = content.foreign.map((name) => whole(folder + SEPARATOR + name, "foreign"));
    if (content.isEmpty) return present(this.#emptyFolder(folder));
    return [...content.generations.keys()]
      .flatMap((name) => present(this.#generation(folder, content, name)))
      .concat(foreign);
  }

  #emptyFolder(folder: string): Found | undefined {
    if (!isOlder(look(folder), Math.min(this.#grace, EMPTY_FOR))) return undefined;
    if (isClaimed(folder)) return undefined;
    return {
      place: folder,
      kind: "draft",
      paths: [],
      folder,
      again: () => this.#emptyAgain(folder),
    };
  }

  #emptyAgain(folder: string): Found | undefined {
    return contentIn(folder)?.isEmpty ? this.#emptyFolder(folder) : undefined;
  }

  /** Gives what a generation left in a folder, if it is not the entry's and nobody is at it. */
  #generation(folder: string, content: FolderContent, name: string): Found | undefined {
    const { record, generations } = content;
    const generation = generations.get(name);
    // Of a damaged entry nobody knows what is its own; `setAside` takes it out of the way.
    if (!generation || record === "damaged" || content.generation === name) return undefined;
    const deleted = deletedBy(folder, generation);
    const files = deleted === undefined || deleted === content.generation
      ? generation.files
      : [...generations.get(deleted)?.files ?? [], ...generation.files];
    const paths = files.map((file) => folder + SEPARATOR + file);
    // Who moved the record aside ended that entry for all; anybody may finish what they began.
    if (deleted === undefined && !this.#isLeft(name, paths)) return undefined;
    return {
      place: `${folder}${SEPARATOR}${name}`,
      kind: deleted === undefined && record === undefined ? "draft" : "replaced",
      ...{ paths, folder },
      again: () => {
        const now = contentIn(folder);
        return now && this.#generation(folder, now, name);
      },
    };
  }

  #gitignoreAside(path: string, generation: string): Found | undefined {
    if (!look(path) || !this.#isLeft(generation, [path])) return undefined;
    const again = () => this.#gitignoreAside(path, generation);
    return { place: path, kind: "draft", paths: [path], again };
  }

  #markers(): Found[] {
    const folder = this.#root.dir + SEPARATOR + WRITERS;
    if (!look(folder)?.isDirectory) return [];
    return Array.from(Deno.readDirSync(folder), ({ name, isFile }) => {
      const [, writer] = isFile ? MARKER.exec(name) ?? [] : [];
      const path = folder + SEPARATOR + name;
      return writer === undefined ? whole(path, "foreign") : this.#marker(path, writer);
    }).flatMap(present);
  }

  #marker(path: string, writer: string): Found | undefined {
    const [isThere, generation] = [look(path) !== undefined, `${writer}-0`];
    const isOwn = this.#root.hasDraft(generation) !== undefined;
    if (!isThere || isOwn || !this.#isLeft(generation, [path])) return undefined;
    return {
      place: path,
      kind: "draft",
      paths: [path],
      again: () => this.#marker(path, writer),
      remove: () => void removeMarker(this.#root.dir, writer),
    };
  }

  /** Whether nobody is at the files of a generation any more. */
  #isLeft(generation: string, paths: readonly string[]): boolean {
    const isOpen = this.#root.hasDraft(generation);
    if (isOpen !== undefined) return !isOpen;
    const life = lifeOf(this.#root.dir, writerOf(generation));
    if (life === "alive") return false;
    // The locks of other machines may not reach us.
    if (life === "dead" && !this.#isOnNetwork) return true;
    return paths.every((path) => isOlder(look(path), this.#grace));
  }

  #leftovers(find: () => Found[]): Leftover[] {
    try {
      return lookAgain(() =>
        find().map((found) =>
          leftoverOf(found, (error) => this.#failure(`remove "${found.place}"`, error))
        )
      );
    } catch (error) {
      throw this.#failure("look for what is left over", error);
    }
  }

  #failure(doing: string, error: unknown): unknown {
    return failure(this.#root.dir, doing, error);
  }
}

/** Gives what lies in a folder; `undefined` where there is none any more. */
function contentIn(folder: string): FolderContent | undefined {
  try {
    return look(folder)?.isDirectory ? contentOf(folder) : undefined;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function isOlder(info: Deno.FileInfo | undefined, ms: number): boolean {
  if (ms <= 0 || !info?.mtime) return true;
  return Date.now() - info.mtime.getTime() >= ms;
}

function present<T>(thing: T | undefined): T[] {
  return thing === undefined ? [] : [thing];
}
