import type { Seat } from "./_seat.ts";
import type { Packed } from "./_transport.ts";

/** What the Lab knows of a large result. */
type Known =
  | { readonly kind: "loading"; by: Seat; readonly waiting: Set<Seat>; isForgotten?: boolean }
  | { readonly kind: "there"; readonly value: Packed }
  /** It cannot be shared: each thread loads it by itself. */
  | { readonly kind: "apart" };

/**
 * Has each of the large results that the threads of a run share loaded by one of them, whichever comes
 * first; the others wait, and get it from there.
 */
export class SharedResults {
  readonly #known = new Map<string, Known>();

  /** A thread is about to load a result: it is answered when it has to, or need not. */
  ask(seat: Seat, id: string): void {
    const known = this.#known.get(id);
    if (known?.kind === "loading" && known.by !== seat) return void known.waiting.add(seat);
    if (known === undefined) {
      this.#known.set(id, { kind: "loading", by: seat, waiting: new Set() });
    }
    seat.answer({ id, value: known?.kind === "there" ? known.value : undefined });
  }

  /** A thread has a result, to be shared or (`undefined`) not. */
  put(seat: Seat, id: string, value: Packed | undefined): void {
    const known = this.#known.get(id);
    const isDue = known?.kind === "loading" && known.by === seat;
    if (!isDue && value === undefined) return;
    this.#known.set(id, value ? { kind: "there", value } : { kind: "apart" });
    if (known?.kind !== "loading") return;
    for (const waiting of known.waiting) waiting.answer({ id, value });
    if (known.isForgotten) this.#known.delete(id);
  }

  /** No job needs the result of a task any more, or what is there is of no use. */
  forget(id: string): void {
    const known = this.#known.get(id);
    if (known?.kind === "loading") known.isForgotten = true;
    else this.#known.delete(id);
  }

  /** A thread is gone: of those that wait for it, one takes its place. */
  left(seat: Seat): void {
    for (const [id, known] of this.#known) {
      if (known.kind !== "loading") continue;
      known.waiting.delete(seat);
      if (known.by !== seat) continue;
      const [next] = known.waiting;
      if (next === undefined) {
        this.#known.delete(id);
        continue;
      }
      known.waiting.delete(next);
      known.by = next;
      next.answer({ id, value: undefined });
    }
  }
}
