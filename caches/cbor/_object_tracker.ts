/** Up to here a look through a list at once is cheap. */
const LISTED = 8;
/** The first time that a longer list is checked, and by how much longer it may get each time. */
const FIRST_CHECK = 64, GROWTH = 8;

/** What {@linkcode ObjectTracker.meet} answers for a shared object that comes the first time. */
const FIRST = -1;
/** What it answers while it is only being found out what is shared. */
const AGAIN = -2;

/** Thrown where a value turns out to hold something twice, so that its writing starts over. */
export class FoundShared extends Error {}

/**
 * Finds the objects that a value holds more than once, in up to three passes over it.
 *
 * 1. *Listing*: nearly all values share nothing. Objects are only put on a list, and the list is
 *    checked as a whole at the end; that costs a quarter of asking a `Set` for each as it comes. It
 *    is also checked each time that it has grown eightfold, so that a cycle soon ends.
 * 2. *Finding*: when something is shared, the value is gone through again, now with a `Set` that
 *    tells at once what came before.
 * 3. *Numbering*: what is shared is known; each is numbered as it comes.
 */
export class ObjectTracker {
  /** See {@linkcode meet}. */
  readonly first = FIRST;
  #phase: "listing" | "finding" | "numbering" = "listing";
  readonly #list: object[] = [];
  #nextCheck = FIRST_CHECK;
  readonly #known = new KnownObjects();
  readonly #shared = new Map<object, number>();
  #numbers = 0;
  #data: Map<object, { data: unknown }> | undefined;

  /** Whether the pass that is done was the first one. */
  get isListing(): boolean {
    return this.#phase === "listing";
  }

  /** Whether anything came twice, once a pass is done. */
  foundShared(): boolean {
    if (this.#phase === "listing") return this.#listHasDuplicates();
    return this.#shared.size > 0;
  }

  /** Starts the next pass, by which it is found out what is shared. */
  startFinding(): void {
    this.#phase = "finding";
    this.#list.length = 0;
  }

  /** Starts the last pass. */
  startNumbering(): void {
    this.#phase = "numbering";
  }

  /**
   * Takes note of an object. Gives `undefined` when it is to be written with no more ado, `first`
   * when it is to be marked as shared, a number from 0 for a reference to that mark, and any other
   * number when it is to be left out, as this pass is only for finding out.
   *
   * @throws {FoundShared} While listing, if something came twice.
   */
  meet(object: object): number | undefined {
    if (this.#phase === "listing") {
      this.#enlist(object);
      return undefined;
    }
    if (this.#phase === "finding") {
      if (this.#known.add(object)) return undefined;
      this.#shared.set(object, FIRST);
      return AGAIN;
    }
    const number = this.#shared.get(object);
    if (number === FIRST) this.#shared.set(object, this.#numbers++);
    return number;
  }

  #enlist(object: object): void {
    const list = this.#list;
    if (list.length < LISTED && list.includes(object)) throw new FoundShared();
    if (list.push(object) < this.#nextCheck) return;
    if (this.#listHasDuplicates()) throw new FoundShared();
    this.#nextCheck *= GROWTH;
  }

  #listHasDuplicates(): boolean {
    const list = this.#list;
    return list.length > LISTED && new Set(list).size < list.length;
  }

  /**
   * Whether a buffer belongs to more than one view, or stands for itself as well. Before the last
   * pass every buffer seems not to.
   */
  isSharedBuffer(buffer: ArrayBufferLike): boolean {
    if (this.#phase === "numbering") return this.#shared.has(buffer);
    this.meet(buffer);
    return false;
  }

  /** The data that an instance of a class gave in a former pass: it is asked only once. */
  dataOf(instance: object): { data: unknown } | undefined {
    return this.#data?.get(instance);
  }

  /** Keeps the data of an instance. */
  keepData(instance: object, data: { data: unknown }): void {
    this.#data ??= new Map();
    this.#data.set(instance, data);
  }
}

/** The objects that came already. */
class KnownObjects {
  readonly #set = new Set<object>();
  #size = 0;

  /** Adds one; `false` if it was there. */
  add(object: object): boolean {
    this.#set.add(object);
    if (this.#set.size === this.#size) return false;
    this.#size++;
    return true;
  }
}
