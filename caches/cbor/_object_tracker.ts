/** Up to here a look through a list is faster than a `Set`. */
const LISTED = 8;

/** What {@linkcode ObjectTracker.meet} answers for a shared object that comes the first time. */
const FIRST = -1;
/** What it answers while it is only being found out what is shared. */
const AGAIN = -2;

/**
 * Finds the objects that a value holds more than once. The value is gone through once to find
 * them, and only if there are any a second time, in which each is numbered as it comes.
 */
export class ObjectTracker {
  /** See {@linkcode meet}. */
  readonly first = FIRST;
  readonly #list: object[] = [];
  #set: Set<object> | undefined;
  #size = 0;
  readonly #shared = new Map<object, number>();
  #numbering = false;
  #numbers = 0;
  #data: Map<object, { data: unknown }> | undefined;

  /** Whether anything came twice. */
  get foundShared(): boolean {
    return this.#shared.size > 0;
  }

  /** Ends the first pass. */
  startOver(): void {
    this.#numbering = true;
    this.#set = undefined;
    this.#list.length = 0;
  }

  /**
   * Takes note of an object. Gives `undefined` when it is to be written with no more ado, `first`
   * when it is to be marked as shared, a number from 0 for a reference to that mark, and any other
   * number when it is to be left out, as this pass is only for finding out.
   */
  meet(object: object): number | undefined {
    if (!this.#numbering) return this.#isNew(object) ? undefined : this.#again(object);
    const number = this.#shared.get(object);
    if (number === FIRST) this.#shared.set(object, this.#numbers++);
    return number;
  }

  #isNew(object: object): boolean {
    if (this.#set === undefined) {
      if (this.#list.includes(object)) return false;
      this.#list.push(object);
      if (this.#list.length > LISTED) {
        this.#set = new Set(this.#list);
        this.#size = this.#set.size;
      }
      return true;
    }
    this.#set.add(object);
    if (this.#set.size === this.#size) return false;
    this.#size++;
    return true;
  }

  #again(object: object): number {
    this.#shared.set(object, FIRST);
    return AGAIN;
  }

  /**
   * Whether a buffer belongs to more than one view, or stands for itself as well. In the first pass
   * every buffer seems not to.
   */
  isSharedBuffer(buffer: ArrayBufferLike): boolean {
    if (this.#numbering) return this.#shared.has(buffer);
    if (!this.#isNew(buffer)) this.#again(buffer);
    return false;
  }

  /** The data that an instance of a class gave in the first pass: it is asked only once. */
  dataOf(instance: object): { data: unknown } | undefined {
    return this.#data?.get(instance);
  }

  /** Keeps the data of an instance. */
  keepData(instance: object, data: { data: unknown }): void {
    this.#data ??= new Map();
    this.#data.set(instance, data);
  }
}
