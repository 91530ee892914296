/** What the queue needs to know of a task that is ready to run. */
export interface Ready {
  /** The name of its type. */
  readonly type: string;
  /** How many tasks of the type may run at once. */
  readonly limit: number;
  /** The longest chain of tasks that waits for it: longer ones go first. */
  readonly height: number;
  /** Among equals, lower ones go first. */
  readonly order: number;
  /** Whether it is (still) to be run; others are passed over. */
  readonly ready: boolean;
  /** Whether it is in the queue; kept by the queue. */
  queued: boolean;
}

/** Tasks that are ready to run: the one that the longest chain waits for first, within the limits of types. */
export class ReadyQueue<T extends Ready> {
  readonly #byType = new Map<string, { readonly heap: T[]; running: number }>();

  /** Adds a task. */
  push(task: T): void {
    if (task.queued) return;
    task.queued = true;
    siftUp(this.#group(task.type).heap, task);
  }

  /** Takes out the task to run next; `undefined` when none may run now. */
  take(): T | undefined {
    let best: { readonly heap: T[]; running: number } | undefined;
    for (const group of this.#byType.values()) {
      const top = settledTop(group.heap);
      if (top === undefined || group.running >= top.limit) continue;
      if (best === undefined || before(top, best.heap[0]!)) best = group;
    }
    if (best === undefined) return undefined;
    best.running++;
    return removeTop(best.heap);
  }

  /** Says that a task that was taken out runs no more. */
  finished(task: T): void {
    this.#group(task.type).running--;
  }

  #group(type: string): { readonly heap: T[]; running: number } {
    let group = this.#byType.get(type);
    if (group === undefined) this.#byType.set(type, group = { heap: [], running: 0 });
    return group;
  }
}

function before(a: Ready, b: Ready): boolean {
  return a.height !== b.height ? a.height > b.height : a.order < b.order;
}

function settledTop<T extends Ready>(heap: T[]): T | undefined {
  while (heap.length > 0 && !heap[0]!.ready) removeTop(heap);
  return heap[0];
}

function siftUp<T extends Ready>(heap: T[], item: T): void {
  let at = heap.push(item) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(item, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = item;
}

function removeTop<T extends Ready>(heap: T[]): T | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top !== undefined) top.queued = false;
  if (last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}
