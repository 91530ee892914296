import { MOST_UNITS } from "./_bullmq_group_payload.ts";
import { MOST_TOGETHER, type Returned } from "./_bullmq_messages.ts";
import type { Pending, Queued } from "./_bullmq_pending.ts";

/** From how many tasks of a queue on that are asked for and not over some travel together. */
const MANY = 64;
/** Of a type of which nothing is known so many go by themselves, and the others wait until these tell. */
const TRIED = 64;
/**
 * For how long they wait at most while nothing is told: at first, and since one was begun, in ms. And for how long a
 * few quick ones wait for others to travel with, as tasks get ready one after the other.
 */
const LONGEST_WAIT = { unbegun: 500, begun: 1000, gathering: 5 };
/** A type is quick when of so many of its tasks, the last ones, almost all took less than so many ms each. */
const LAST = 16;
const QUICK = 10;
/** So many of them may have taken longer, as a busy machine has tasks wait. */
const EXCEPTIONS = 2;
/** What takes so long is not just one of the first tasks of a worker, whose code is new to it, in ms. */
const SLOW = 100;
/** For how long the tasks of one job should take up a place of a worker at most, in ms. */
const LASTING = 250;
/** Fewer tasks do not travel together. */
const FEWEST = 4;
/** There are so many jobs for what there is, at least, so that as many places have something to do. */
const SPREAD = 16;

/** What tasks are put together with. */
export interface GroupingOptions {
  /** How many tasks of a queue were asked for, and are not over. */
  readonly open: (queue: string) => number;
  /** Has tasks travel together from now on. */
  readonly form: (tasks: readonly Pending[]) => Queued;
  /** Is given what was held back, and is to be added now. */
  readonly ready: (queued: readonly Queued[]) => void;
}

/** What is known of the tasks of a queue, and which of them wait until more is. */
interface Lane {
  readonly held: Pending[];
  /** Of the last ones, how long the task took, and the place of the worker was taken up, in ms. */
  readonly last: { readonly duration: number; readonly took: number }[];
  /** How many went by themselves so that it is known. */
  tried: number;
  /** How many told what they took. */
  told: number;
  /** Whether none waits any more to know it. */
  hasWaited: boolean;
  /** Whether those that wait do so for others to travel with. */
  isGathering: boolean;
  /** Whether all go by themselves, whatever they take. */
  isOff: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Decides which tasks of a run travel together in one job, as what the queue does for a job takes longer than
 * a quick task: those of a queue that proved quick in this run, where there are many.
 */
export class Grouping implements Disposable {
  readonly #options: GroupingOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: GroupingOptions) {
    this.#options = options;
  }

  /** Takes tasks that are to be added; gives what is to be added now. */
  take(fresh: readonly Pending[]): Queued[] {
    const now: Queued[] = [];
    const met = new Set<string>();
    for (const pending of fresh) {
      const { queue } = pending;
      const isOneOfMany = met.has(queue) || this.#options.open(queue) >= MANY;
      if (isOneOfMany && mayTravel(pending)) {
        this.#laneOf(queue).held.push(pending);
        met.add(queue);
      } else now.push(pending);
    }
    return now.concat(...Array.from(met, (queue) => this.#letGo(queue)));
  }

  /** Takes out what is held back. */
  takeHeld(): Pending[] {
    return Array.from(this.#lanes.values()).flatMap((lane) => {
      clearTimeout(lane.timer);
      lane.isGathering = false;
      return lane.held.splice(0);
    });
  }

  /** One of a queue was begun: it may soon be known what it takes. */
  began(queue: string): void {
    const lane = this.#laneOf(queue);
    if (isUnknown(lane)) this.#wait(queue, lane, "begun");
  }

  /** Learns what a task came to. */
  learn({ queue }: Pending, returned: Returned): void {
    if (returned.kind !== "done" || returned.found) return;
    const lane = this.#laneOf(queue);
    // A worker that does not tell what is asked here is one that knows no jobs of several tasks.
    const { duration, took = Infinity } = returned;
    lane.told++;
    lane.last.push({ duration: took === Infinity ? took : duration, took });
    if (lane.last.length > LAST) lane.last.shift();
    if (lane.held.length > 0 && !lane.isGathering) this.#options.ready(this.#letGo(queue));
  }

  /** Something took longer than it seemed: it has to prove quick anew. */
  doubt(queue: string): void {
    const lane = this.#laneOf(queue);
    lane.last.length = 0;
    lane.hasWaited = true;
  }

  /** No tasks of a queue travel together any more. */
  giveUp(queue: string): void {
    this.#laneOf(queue).isOff = true;
  }

  /** Nothing waits any more. */
  [Symbol.dispose](): void {
    for (const { timer } of this.#lanes.values()) clearTimeout(timer);
  }

  #laneOf(queue: string): Lane {
    let lane = this.#lanes.get(queue);
    if (lane === undefined) {
      lane = {
        ...{
          held: [],
          last: [],
          tried: 0,
          told: 0,
          hasWaited: false,
          isGathering: false,
          isOff: false,
        },
        timer: undefined,
      };
      this.#lanes.set(queue, lane);
    }
    return lane;
  }

  #letGo(queue: string): Queued[] {
    const lane = this.#laneOf(queue);
    const { held } = lane;
    if (isUnknown(lane)) {
      const count = Math.min(TRIED - lane.tried, held.length);
      lane.tried += count;
      const tried = held.splice(0, count);
      this.#wait(queue, lane, lane.last.length > 0 ? "begun" : "unbegun");
      return tried;
    }
    const size = isQuick(lane) ? this.#size(queue, lane) : 1;
    if (size < FEWEST) return held.splice(0);
    const some = held.splice(0, held.length - held.length % size);
    if (!lane.isGathering) this.#wait(queue, lane, "gathering");
    return this.#together(some, size);
  }

  #wait(queue: string, lane: Lane, since: keyof typeof LONGEST_WAIT): void {
    clearTimeout(lane.timer);
    lane.isGathering = since === "gathering" && lane.held.length > 0;
    if (lane.held.length === 0) return;
    lane.timer = setTimeout(() => {
      lane.isGathering = false;
      if (since !== "gathering") lane.hasWaited = true;
      const size = isQuick(lane) ? this.#size(queue, lane) : 1;
      this.#options.ready(this.#together(lane.held.splice(0), size));
    }, LONGEST_WAIT[since]);
  }

  #together(tasks: readonly Pending[], size: number): Queued[] {
    if (size < FEWEST) return [...tasks];
    return chunks(tasks, size).map((some) =>
      some.length === 1 ? some[0]! : this.#options.form(some)
    );
  }

  /** How many tasks of a queue are to travel together. */
  #size(queue: string, { last }: Lane): number {
    // The one in the middle: the first ones of a worker also connect it to the storage.
    const took = last.map(({ took }) => took).sort((a, b) => a - b)[LAST >> 1]!;
    const spread = Math.ceil(this.#options.open(queue) / SPREAD);
    return Math.min(MOST_TOGETHER, spread, Math.floor(LASTING / Math.max(took, 1)));
  }
}

/**
 * Whether a task may travel with others: one that nobody has tried before, that fails once and for all, of a type
 * of which any number may run at once. What goes wrong with one that travels goes on with it alone.
 */
function mayTravel({ adds, job, type, options, length }: Pending): boolean {
  const { attempts = 1, backoff } = options;
  const { attempt = 1, replaces = false } = job;
  return adds === 0 && type.maxParallel === Infinity && attempts === 1 && backoff === undefined &&
    attempt === 1 && !replaces && length < MOST_UNITS;
}

function isUnknown(lane: Lane): boolean {
  const { hasWaited, isOff, told } = lane;
  return !hasWaited && !isOff && told < TRIED && !isQuick(lane) && areShort(lane, SLOW);
}

function isQuick(lane: Lane): boolean {
  return !lane.isOff && lane.last.length === LAST && areShort(lane, QUICK);
}

function areShort({ last }: Lane, most: number): boolean {
  return last.filter(({ duration }) => duration >= most).length <= EXCEPTIONS;
}

/** Tasks in their order, those together that one job can carry. */
function chunks(tasks: readonly Pending[], size: number): Pending[][] {
  const all: Pending[][] = [];
  let [room, units] = [0, 0];
  for (const task of tasks) {
    const before = all.at(-1)?.[0];
    const isAlike = before?.options.priority === task.options.priority &&
      before?.payload.context === task.payload.context;
    units += task.length;
    if (room === 0 || !isAlike || units > MOST_UNITS) {
      all.push([]);
      [room, units] = [size, task.length];
    }
    all.at(-1)!.push(task);
    room--;
  }
  return all;
}
