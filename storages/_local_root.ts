import { StorageError } from "../errors.ts";
import { isAbsence, look, SEPARATOR, syncDirectory, tryRemove } from "./_local_files.ts";
import { LocalWriter } from "./_local_writer.ts";
import { placeOf } from "./_place.ts";

const GITIGNORE = "*\n";
/** How often the directory may be removed by others while we make a folder in it. */
const TRIES = 100;

/** The directory of a local storage, and the folders in it. */
export class LocalRoot {
  /** Its absolute path. */
  readonly dir: string;
  readonly #gitignore: boolean;
  readonly #writer: LocalWriter;
  readonly #open = new Set<string>();
  #generations = 0;
  #isReleased = false;
  #isThere = false;
  #isPrepared = false;
  #isLasting = false;

  /** Speaks of a directory that need not be there yet. */
  constructor(dir: string, { gitignore }: { gitignore: boolean }) {
    this.dir = dir;
    this.#gitignore = gitignore;
    this.#writer = new LocalWriter(dir);
  }

  /** Gives a name for a new entry that none had before, in whatever process. */
  nextGeneration(): string {
    return `${this.#writer.name}-${(++this.#generations).toString(36)}`;
  }

  /** Gives the name of a draft, whose files nobody takes for a dead writer's until it ends. */
  beginDraft(): string {
    if (!this.#isPrepared) this.#prepare();
    const generation = this.nextGeneration();
    this.#open.add(generation);
    return generation;
  }

  /** Tells that nothing of a draft is under way any more. */
  endDraft(generation: string): void {
    this.#open.delete(generation);
    if (this.#isReleased && this.#open.size === 0) this.#writer.release();
  }

  /** Whether a draft of this storage is under way; `undefined` for those of other storages. */
  hasDraft(generation: string): boolean | undefined {
    if (!generation.startsWith(`${this.#writer.name}-`)) return undefined;
    return this.#open.has(generation);
  }

  /** Lets go of what tells others that drafts are under way, once none is. The next draft takes it again. */
  release(): void {
    this.#isReleased = true;
    this.#isPrepared = false;
    if (this.#open.size === 0) this.#writer.release();
  }

  /** Gives the path of the folder for a key. */
  folderOf(key: string): string {
    return this.dir + SEPARATOR + placeOf(key);
  }

  /** Whether there is a directory; a missing one is an empty storage, anything else an error. */
  check(): boolean {
    if (this.#isThere) return true;
    let info: Deno.FileInfo;
    try {
      info = Deno.statSync(this.dir);
    } catch (error) {
      if (!isAbsence(error)) throw error;
      const link = look(this.dir);
      if (!link) return false;
      // Another writer made the directory between the two looks.
      if (!link.isSymlink) return this.check();
      throw new StorageError(
        `The storage directory "${this.dir}" is a link to nothing; make what it points to, ` +
          "or remove the link",
        { cause: error },
      );
    }
    if (!info.isDirectory) {
      throw new StorageError(
        `Expected a directory as storage, but "${this.dir}" is none; remove it, ` +
          "or choose another directory",
      );
    }
    return this.#isThere = true;
  }

  /**
   * Makes the folder for a key, and the directory it lies in, unless they are there. Gives whether the
   * folder is a new one.
   */
  makeFolder(folder: string): boolean {
    if (!this.#isPrepared) this.#prepare();
    for (let tries = 1;; tries++) {
      try {
        Deno.mkdirSync(folder);
        return true;
      } catch (error) {
        if (isAbsence(error) && tries < TRIES) this.#prepare();
        else if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
      const info = look(folder);
      if (info?.isDirectory) return false;
      if (info) {
        throw new StorageError(
          `Expected a folder at "${folder}", but it is ${info.isSymlink ? "a link" : "none"}; ` +
            "remove it",
        );
      }
    }
  }

  /** Makes the names of the folders survive a loss of power. */
  async sync(): Promise<void> {
    await syncDirectory(this.dir);
    if (!this.#isLasting) await this.#syncAncestors();
    this.#isLasting = true;
  }

  #prepare(): void {
    this.#isThere = false;
    if (!this.check()) Deno.mkdirSync(this.dir, { recursive: true });
    this.#writer.mark();
    this.#isReleased = false;
    if (this.#gitignore) this.#ignore();
    this.#isPrepared = true;
  }

  /** Writes `.gitignore` aside and moves it into place, so that a link there is replaced, not followed. */
  #ignore(): void {
    const path = `${this.dir}${SEPARATOR}.gitignore`;
    const info = look(path);
    if (info?.isFile && info.size === GITIGNORE.length) {
      if (Deno.readTextFileSync(path) === GITIGNORE) return;
    }
    if (info?.isDirectory) {
      throw new StorageError(
        `Expected a file at "${path}", but it is a directory; remove it, or set gitignore to false`,
      );
    }
    // No draft has the number 0.
    const aside = `${path}.${this.#writer.name}-0.tmp`;
    try {
      Deno.writeTextFileSync(aside, GITIGNORE, { createNew: true });
      Deno.renameSync(aside, path);
    } catch (error) {
      tryRemove(aside);
      throw error;
    }
  }

  /** Any of them may have been made with the directory. Those that we may not open stay as they are. */
  async #syncAncestors(): Promise<void> {
    for (let end = this.dir.length; end > 0;) {
      end = this.dir.lastIndexOf(SEPARATOR, end - 1);
      const path = this.dir.slice(0, Math.max(end, 1));
      if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return;
      try {
        await syncDirectory(path);
      } catch (error) {
        if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      }
    }
  }
}
