import { encode } from "../caches/cbor/mod.ts";
import type { Packed } from "./_transport.ts";
import type { OutcomeMessage } from "./_worker_protocol.ts";

type Done = Extract<OutcomeMessage, { kind: "done" }>;

// The room for a value, in bytes; a larger one goes by a message.
const ROOM = 1024;
// Start, duration, how long it took in all, and the value where that is a number.
const NUMBERS = 4;
// What the value is; 0 and above: a document of so many bytes.
const [NONE, UNDEFINED, NULL, NUMBER, TRUE, FALSE] = [-1, -2, -3, -4, -5, -6];

/**
 * What became of jobs, in memory that the Lab and a worker share, for results that are small: so the Lab has them
 * also while the worker computes, and can say nothing. Whoever writes or reads one has its place, as the state
 * of that says.
 */
export class SharedOutcomes {
  readonly #numbers: Float64Array;
  readonly #kinds: Int32Array;
  readonly #documents: Uint8Array;

  /** Of so many places, from an offset in the memory on, which is a multiple of 8. */
  constructor(buffer: SharedArrayBuffer, offset: number, places: number) {
    this.#numbers = new Float64Array(buffer, offset, NUMBERS * places);
    this.#kinds = new Int32Array(buffer, offset + this.#numbers.byteLength, places);
    const documents = this.#kinds.byteOffset + this.#kinds.byteLength;
    this.#documents = new Uint8Array(buffer, documents, ROOM * places);
  }

  /** How many bytes so many places take. */
  static sizeFor(places: number): number {
    return places * (NUMBERS * 8 + 4 + ROOM);
  }

  /** Writes what became of a job, if there is room for it. */
  put({ place, start, duration, took, value }: Done): boolean {
    const kind = value === undefined ? NONE : this.#put(place, value);
    if (kind === undefined) return false;
    const at = NUMBERS * place;
    this.#kinds[place] = kind;
    this.#numbers[at] = start;
    this.#numbers[at + 1] = duration;
    this.#numbers[at + 2] = took;
    return true;
  }

  #put(place: number, value: Packed): number | undefined {
    if ("plain" in value) {
      const { plain } = value;
      if (typeof plain !== "number") {
        return isText(plain) ? this.#write(place, encode(plain)) : SIMPLE.get(plain);
      }
      this.#numbers[NUMBERS * place + 3] = plain;
      return NUMBER;
    }
    return value.apart === undefined ? this.#write(place, value.cbor) : undefined;
  }

  #write(place: number, document: Uint8Array): number | undefined {
    if (document.length > ROOM) return undefined;
    this.#documents.set(document, ROOM * place);
    return document.length;
  }

  /** Reads what became of a job. */
  get(place: number): Done {
    const at = NUMBERS * place;
    return {
      place,
      kind: "done",
      start: this.#numbers[at]!,
      duration: this.#numbers[at + 1]!,
      took: this.#numbers[at + 2]!,
      value: this.#get(place),
    };
  }

  #get(place: number): Packed | undefined {
    const kind = this.#kinds[place]!;
    if (kind === NUMBER) return { plain: this.#numbers[NUMBERS * place + 3]! };
    if (kind >= 0) {
      const start = ROOM * place;
      return { cbor: this.#documents.slice(start, start + Math.min(kind, ROOM)) };
    }
    for (const [plain, its] of SIMPLE) if (its === kind) return { plain };
    return undefined;
  }
}

const SIMPLE: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [undefined, UNDEFINED],
  [null, NULL],
  [true, TRUE],
  [false, FALSE],
]);

// Others, such as half a surrogate pair, a document does not hold.
function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= ROOM && value.isWellFormed();
}
