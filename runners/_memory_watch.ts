import { builtin } from "../builtin.ts";
import { formatBytes } from "../progress/format_bytes.ts";

// V8 ends the program where the objects of one thread take more than its limit. It tries hard before, for a
// tenth of a second at the least: from this part of the limit on there is something to say.
const NEAR = 0.85;
// Three half spaces of 32 MiB, V8's default on machines of 64 bits.
const YOUNG = 3 * 2 ** 25;
// From this part on of what there may be looks are frequent, in ms.
const GROWN = 0.25;
const OFTEN = 10;
// Of the memory of the machine, or of the container, so much should be left: in small ones more, since a task
// may take some MB between two looks.
const SPARE = 0.05;
const LEAST_SPARE = 50e6;
const MOST_SPARE = 0.2;

/** What the watch tells of. */
export interface MemoryListener {
  /** The names of the tasks that run, those that were given up among them. */
  running(): readonly string[];
  /** Memory runs out: what may end the program is said in `text`. */
  warn(text: string): void;
}

/**
 * Sees to it that there is a word of warning before a task in a thread uses up the memory, which ends the
 * whole program. The thread itself says nothing while it computes, but the memory of the program shows.
 */
export class MemoryWatch implements Disposable {
  readonly #listener: MemoryListener;
  #timer: ReturnType<typeof setInterval> | undefined;
  #least: number | undefined;
  #limit: number | undefined;
  #room: Room | undefined;
  #isDone = false;

  constructor(listener: MemoryListener) {
    this.#listener = listener;
  }

  /** Looks at how much there is; to be called ten times a second while tasks run in threads. */
  look(): void {
    if (this.#isDone) return;
    const taken = takenByThreads();
    this.#least ??= taken;
    const grown = taken - this.#least;
    this.#limit ??= heapLimit();
    this.#room ??= roomOf();
    if (grown > NEAR * this.#limit) {
      return this.#warn(
        `the tasks take ${
          formatBytes(grown)
        }, and V8 ends the program where the objects of one worker ` +
          `take ${formatBytes(this.#limit)}`,
      );
    }
    const isGrown = grown > GROWN * Math.min(this.#limit, this.#room.most);
    const scarce = isGrown ? scarcity(this.#room) : undefined;
    if (scarce !== undefined) {
      return this.#warn(`the tasks take ${formatBytes(grown)}, and ${scarce}`);
    }
    this.#lookOften(isGrown);
  }

  /** Looks no more. */
  [Symbol.dispose](): void {
    this.#isDone = true;
    clearInterval(this.#timer);
  }

  #lookOften(isDue: boolean): void {
    if (isDue === (this.#timer !== undefined)) return;
    if (!isDue) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer = setInterval(() => this.look(), OFTEN);
    Deno.unrefTimer(this.#timer);
  }

  #warn(why: string): void {
    this[Symbol.dispose]();
    const running = this.#listener.running();
    this.#listener.warn(
      `Memory runs out: ${why}. If it does, the program ends, with all tasks that run: ` +
        `${
          running.join(", ")
        }. The runner "processes" with its option "memory" would fail only the ` +
        `task that takes too much`,
    );
  }
}

// What the Lab's own thread holds is not the tasks'.
function takenByThreads(): number {
  const { rss, heapTotal, external } = Deno.memoryUsage();
  return rss - heapTotal - external;
}

// Every thread of the program has the same. What V8 counts into it for young objects is never full.
function heapLimit(): number {
  const { getHeapStatistics } = builtin<typeof import("node:v8")>("node:v8");
  const { heap_size_limit: limit } = getHeapStatistics();
  return Math.max(limit - YOUNG, limit / 2);
}

/** How much memory there is for the program at the most, in bytes, and what bounds it. */
interface Room {
  readonly most: number;
  readonly by: "container" | "machine" | "unknown";
}

function roomOf(): Room {
  const name = "sys";
  const { state } = Deno.permissions.querySync({ name, kind: "systemMemoryInfo" });
  if (state !== "granted") return { most: Infinity, by: "unknown" };
  const { total } = Deno.systemMemoryInfo();
  const process = builtin<{ constrainedMemory?(): number }>("node:process");
  const allowed = process.constrainedMemory?.() ?? 0;
  return allowed > 0 && allowed < total
    ? { most: allowed, by: "container" }
    : { most: total, by: "machine" };
}

/** How little memory there is for the program, where that can be seen and is little. */
function scarcity({ most, by }: Room): string | undefined {
  if (by === "unknown") return undefined;
  const { available } = Deno.systemMemoryInfo();
  const left = by === "container" ? Math.min(available, most - Deno.memoryUsage().rss) : available;
  const spare = Math.max(SPARE * most, Math.min(LEAST_SPARE, MOST_SPARE * most));
  if (left > spare) return undefined;
  return `${formatBytes(Math.max(0, left))} of the ${by}'s ${formatBytes(most)} are left`;
}
