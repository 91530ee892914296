import type { Entry } from "../../storages/storage.ts";
import type { ResultDraft } from "../../caches/cache.ts";
import { type Task, task } from "../../task.ts";
import { resultKey } from "../../serialize.ts";
import { noise } from "../../testing/_storage_scene.ts";
import { DiskModel, isSame, type Question } from "./_disk_model.ts";
import { fastScratch } from "./_fast_scratch.ts";
import { clearUp } from "./_leftovers.ts";
import { type FileCall, watchFileCalls } from "./_file_calls.ts";
import type { Library } from "./_library.ts";
import { Random } from "./_random.ts";

/** What came of losses of power. */
export interface CrashCount {
  /** At how many moments the power went. */
  moments: number;
  /** How many states of the disk were tried. */
  states: number;
  /** How many of them held all that can be asked for. */
  kept: number;
  /** What was wrong. */
  readonly problems: string[];
}

/** What is tried. */
export interface CrashOptions {
  /** How many states are tried of each moment at most, once those are left out that are sure to be. */
  readonly perMoment: number;
  /** After how many problems to stop. */
  readonly enough?: number;
  /** What the random states follow from. */
  readonly seed?: number;
}

/** One thing that a program does: saves a version under a key, takes away what is there, or clears up. */
interface Step {
  readonly key: "one" | "two";
  readonly version?: number;
  readonly away?: "delete" | "set aside" | "clear up";
}

const STEPS: readonly Step[] = [
  { key: "one", version: 1 },
  { key: "two", version: 2 },
  { key: "one", version: 3 },
  { key: "two", away: "delete" },
  { key: "two", version: 4 },
  { key: "two", away: "set aside" },
  { key: "two", away: "clear up" },
  { key: "one", version: 5 },
];
const DURABILITIES = [
  { durability: "always", duration: 1, isDurable: true },
  { durability: "auto", duration: 5000, isDurable: true },
  { durability: "auto", duration: 1, isDurable: false },
] as const;
type Durability = typeof DURABILITIES[number];

const AFTERWARDS = 99;
const NOISE = noise(5000);
const Crash = task(null, {
  name: "FaultCrash",
  run: ({ key }: { readonly key: string }) => key,
});
const TASKS = { one: Crash({ key: "one" }), two: Crash({ key: "two" }) };

/** Versions that a load may give; `undefined` is a miss. */
type Allowed = Readonly<Record<keyof typeof TASKS, ReadonlySet<number | undefined>>>;
/** What happened, in order: a file call, or what a program may rely on from then on. */
type Event = { readonly call: FileCall } | { readonly allowed: Allowed };

/** Lets the power go after each file call, and tries what the disk may hold then. */
export async function losePower(library: Library, options: CrashOptions): Promise<CrashCount> {
  const count: CrashCount = { moments: 0, states: 0, kept: 0, problems: [] };
  const random = new Random(options.seed ?? 1);
  for (const durability of DURABILITIES) {
    using place = fastScratch();
    const events = await record(library, durability, place.dir);
    const disk = new DiskModel(place.dir);
    let allowed: Allowed = { one: new Set([undefined]), two: new Set([undefined]) };
    for (const event of events) {
      if ("call" in event) disk.apply(event.call);
      else allowed = event.allowed;
      count.moments++;
      const questions = disk.questions();
      for (const ways of waysOf(questions, options.perMoment, random)) {
        using after = fastScratch();
        disk.restore(after.dir, questions, ways);
        const problem = await judge(library, durability, `${after.dir}/deep/down`, allowed);
        count.states++;
        if (problem === undefined) count.kept++;
        else {count.problems.push(
            `${JSON.stringify(durability)}, ${describeEvent(event)}: ${problem}`,
          );}
        if (count.problems.length >= (options.enough ?? Infinity)) return count;
      }
    }
  }
  return count;
}

/** Runs the program, and notes its file calls. */
async function record(library: Library, durability: Durability, dir: string): Promise<Event[]> {
  const events: Event[] = [];
  const storage = openIn(library, durability, `${dir}/deep/down`);
  const cache = cacheOf(library);
  const may = {
    one: new Set<number | undefined>([undefined]),
    two: new Set<number | undefined>([undefined]),
  };
  const rely = () => events.push({ allowed: { one: new Set(may.one), two: new Set(may.two) } });
  using _layer = watchFileCalls({ dir, after: (call) => changes(call) && events.push({ call }) });
  for (const { key, version, away } of STEPS) {
    may[key].add(version);
    rely();
    if (away === "delete") await storage.delete(keyOf(TASKS[key]));
    else if (away === "set aside") await storage.setAside(keyOf(TASKS[key]));
    else if (away === "clear up") await clearUp(storage);
    else await cache.save(storage, keyOf(TASKS[key]), TASKS[key], resultOf(version!, durability));
    // A deletion may come undone; a save that was synced may not, nor what was there before it come back.
    if (version !== undefined && durability.isDurable) may[key] = new Set([version]);
    rely();
  }
  return events;
}

function changes({ name }: FileCall): boolean {
  return !/^(?:lstat|stat|readDir|readFile|readText|FsFile.read)/.test(name);
}

/** Gives what is wrong, if anything. */
async function judge(
  library: Library,
  durability: Durability,
  dir: string,
  allowed: Allowed,
): Promise<string | undefined> {
  const cache = cacheOf(library);
  const storage = openIn(library, { ...durability, durability: "never" }, dir);
  try {
    await Array.fromAsync(storage.findKeys());
    for (const key of ["one", "two"] as const) {
      const [of, at] = [TASKS[key], keyOf(TASKS[key])];
      const result = await cache.load(storage, at, of);
      const version = result && versionIn(result.value);
      if (typeof version === "string" || !allowed[key].has(version)) {
        return `"${key}" is ${version}, and only ${[...allowed[key]]} can be`;
      }
      await cache.save(storage, at, of, resultOf(AFTERWARDS, durability));
      const next = await cache.load(storage, at, of);
      if (next === undefined || versionIn(next.value) !== AFTERWARDS) {
        return "the next save is lost";
      }
    }
  } catch (error) {
    return String(error);
  }
}

/** The ways of a few states: as synced, as programs saw it, what differs from those in one thing, and random ones. */
function* waysOf(questions: readonly Question[], most: number, random: Random): Iterable<number[]> {
  const synced = questions.map(() => 0);
  // Of files the second way is all there; of names the last one is how it stands.
  const now = questions.map(({ of, ways }) => "kind" in of ? 1 : ways - 1);
  const all = [synced, now];
  for (const base of [now, synced]) {
    for (const [n, { ways }] of questions.entries()) {
      for (let way = 0; way < ways; way++) if (way !== base[n]) all.push(base.with(n, way));
    }
  }
  const seen = new Set<string>();
  const isNew = (ways: number[]) => seen.size < seen.add(ways.join()).size;
  if (all.length > most) yield* [synced, now, ...random.pick(all.slice(2), most - 2)];
  else yield* all.filter(isNew);
  const states = questions.reduce((product, { ways }) => product * ways, 1);
  for (let n = all.length; n < Math.min(most, states); n++) {
    const ways = questions.map(({ ways }) => random.below(ways));
    if (isNew(ways)) yield ways;
  }
}

function openIn(
  library: Library,
  { durability }: { readonly durability: "always" | "auto" | "never" },
  dir: string,
) {
  return new library.LocalStorage({ dir, durability });
}

/** Several files a result, one of them as a stream; checks nothing by itself. */
function cacheOf(library: Library): InstanceType<Library["BaseCache"]> {
  return new class extends library.BaseCache {
    readonly name = "several";
    override async saveResult(draft: ResultDraft, _task: Task, result: unknown): Promise<void> {
      const [one, other] = result as [Uint8Array, Uint8Array];
      await draft.write("one.bin", one);
      await draft.write(
        "other.bin",
        ReadableStream.from([other.subarray(0, 9), other.subarray(9)]),
      );
    }
    override async loadResult(entry: Entry): Promise<unknown> {
      return [await entry.read("one.bin"), await entry.read("other.bin")];
    }
  }();
}

function keyOf(task: Task): string {
  return resultKey("several__", task);
}

function resultOf(version: number, { duration }: { readonly duration: number }) {
  return { value: valueOf(version), meta: { start: new Date(0), duration } };
}

function valueOf(version: number): [Uint8Array, Uint8Array] {
  return [NOISE.slice(version, 300), NOISE.slice(version, 4000)];
}

/** Which version a value is, or what it is else. */
function versionIn(value: unknown): number | string {
  const [one, other] = value as [Uint8Array, Uint8Array];
  for (const version of [AFTERWARDS, ...STEPS.map((step) => step.version)]) {
    if (version === undefined) continue;
    const [first, second] = valueOf(version);
    if (isSame(first, one) && isSame(second, other)) return version;
  }
  return "a wrong value";
}

function describeEvent(event: Event): string {
  if (!("call" in event)) return "when a call returned";
  const names = event.call.paths.map((path) => path.split("/").at(-1));
  return `after ${event.call.name}(${names})`;
}
