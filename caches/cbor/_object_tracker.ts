/** Up to here each object is looked up among the ones before it: a short list is soon searched. */
const LISTED = 8;
/** The first time that a longer list is checked, and by how much longer it may get each time. */
const FIRST_CHECK = 64, GROWTH = 8;
/** How often the list may turn out to hold something twice. */
const ATTEMPTS = 3;

/** What {@linkcode ObjectTracker.meet} answers for a shared object that comes the first time. */
const FIRST = -1;
/** What it answers while it is only being found out what is shared. */
const AGAIN = -2;

/** Thrown where a value turns out to hold something twice, so that its writing starts over. */
class FoundShared extends Error {}

/**
 * Finds the objects that a value holds more than once. Nearly all values share nothing, or the same
 * few objects at many places, and are written in one pass:
 *
 * 1. *Listing*: objects are only put on a list, which is checked as a whole at the end; that costs
 *    a quarter of asking a `Set` for each as it comes. It is also checked each time that it has
 *    grown eightfold, so that a cycle soon ends. What came twice is known from then on, and the
 *    writing starts over. Known objects are numbered as they come.
 * 2. *Finding*: where that does not come to an end, all is gone through with a `Set` that tells at
 *    once what came before.
 * 3. *Numbering*: now all that is shared is known.
 */
export class ObjectTracker {
  /** See {@linkcode meet}. */
  readonly first = FIRST;
  #phase: "listing" | "finding" | "numbering" = "listing";
  #attempts = 0;
  readonly #list: object[] = [];
  #listRepeats = false;
  #nextCheck = FIRST_CHECK;
  /** What came in the second phase. */
  #known: Set<object> | undefined;
  /** What is shared: its number, or `FIRST` before it came. Made only when it is needed. */
  #shared: Map<object, number> | undefined;
  /** Whether the n-th shared object came again. */
  readonly #cameAgain: boolean[] = [];
  #data: Map<object, { data: unknown }> | undefined;

  /** Whether the pass that is done was the last one. */
  isComplete(): boolean {
    if (this.#phase === "finding") return this.#shared === undefined;
    if (this.#phase === "numbering") return true;
    return this.#allCameAgain() && !this.#checkList();
  }

  /** Whether something shared may be why a pass failed. */
  mayBeShared(): boolean {
    return this.#phase === "listing" && (!this.#allCameAgain() || this.#checkList());
  }

  /** What came twice only as a part of something that did is not shared itself. */
  #allCameAgain(): boolean {
    return this.#cameAgain.every((again) => again);
  }

  /** Starts the next pass. */
  startOver(): void {
    if (this.#phase === "finding") {
      this.#phase = "numbering";
    } else if (++this.#attempts > ATTEMPTS || !this.#allCameAgain()) {
      this.#phase = "finding";
      this.#shared = undefined;
    } else {
      const known = [...this.#shared?.keys() ?? [], ...repeated(this.#list)];
      this.#shared = new Map(known.map((object) => [object, FIRST]));
    }
    this.#list.length = 0;
    this.#listRepeats = false;
    this.#nextCheck = FIRST_CHECK;
    this.#cameAgain.length = 0;
  }

  /**
   * Takes note of an object. Gives `undefined` when it is to be written with no more ado, `first`
   * when it is to be marked as shared, a number from 0 for a reference to that mark, and any other
   * number when it is to be left out, as this pass is only for finding out.
   */
  meet(object: object): number | undefined {
    if (this.#phase === "finding") return this.#find(object);
    if (this.#shared !== undefined) {
      const number = this.#shared.get(object);
      if (number === FIRST) {
        this.#shared.set(object, this.#cameAgain.push(false) - 1);
        return FIRST;
      }
      if (number !== undefined) {
        this.#cameAgain[number] = true;
        return number;
      }
    }
    if (this.#phase === "listing") this.#enlist(object);
    return undefined;
  }

  #find(object: object): number | undefined {
    this.#known ??= new Set();
    const size = this.#known.size;
    if (this.#known.add(object).size > size) return undefined;
    this.#shared ??= new Map();
    this.#shared.set(object, FIRST);
    return AGAIN;
  }

  #enlist(object: object): void {
    const list = this.#list;
    if (list.length < LISTED) this.#listRepeats = list.includes(object);
    const length = list.push(object);
    if (this.#listRepeats) throw new FoundShared();
    if (length < this.#nextCheck) return;
    if (this.#checkList()) throw new FoundShared();
    this.#nextCheck *= GROWTH;
  }

  #checkList(): boolean {
    const list = this.#list;
    if (!this.#listRepeats && list.length > LISTED) {
      this.#listRepeats = new Set(list).size < list.length;
    }
    return this.#listRepeats;
  }

  /**
   * Whether a buffer belongs to more than one view, or stands for itself as well. Until that is
   * found out, every buffer seems not to.
   */
  isSharedBuffer(buffer: ArrayBufferLike): boolean {
    if (this.#phase !== "finding" && this.#shared?.has(buffer)) return true;
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

/** What a list of objects, each before its parts, holds twice; but not what only does as a part. */
function repeated(list: readonly object[]): object[] {
  const places = new Map<object, number>();
  const found: object[] = [];
  for (let i = 0; i < list.length; i++) {
    const object = list[i]!;
    const before = places.get(object);
    if (before === undefined) {
      places.set(object, i);
      continue;
    }
    found.push(object);
    // Its parts follow it now as they did before.
    let parts = 1;
    while (before + parts < i && list[i + parts] === list[before + parts]) parts++;
    i += parts - 1;
  }
  return found;
}
