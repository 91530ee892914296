import { versionsIn } from "../../testing/_fault_versions.ts";
import { LocalStorage } from "../../storages/mod.ts";
import { clearUp, plantLeftovers, strangersIn } from "./_leftovers.ts";
import { Strace, type SystemCall, type Tampering } from "./_strace.ts";
import { Children } from "./_traced_children.ts";
import { KEY, NEW, OLD, type TracedOrder } from "./_traced_order.ts";

/** What came of tampering with system calls. */
export interface TracingCount {
  /** How many calls failed. */
  errors: number;
  /** How many of those errors surfaced; the others cost nothing but room. */
  surfaced: number;
  /** How many processes were killed at a call. */
  kills: number;
  /** The calls that were met. */
  readonly calls: Set<string>;
  /** What was wrong. */
  readonly problems: string[];
}

type Action = typeof ACTIONS[number];
type Durability = TracedOrder["durability"];

/** A process that was told to do something, and what came of it. */
export interface Outcome {
  /** What it answered; `undefined` when it was killed. */
  readonly answer?: string;
  readonly calls: readonly SystemCall[];
}

const ACTIONS = ["save", "save late", "replace", "delete", "set aside", "clear up"] as const;
/** What a child does at first, so that later it only makes calls of ours. */
const WARM_UP = ["prepare", "replace", "delete", "prepare", "set aside", "clear up"] as const;
const WRITES = /^(?:openat|write|mkdir|rename|fsync)$/;

/** Lets each system call of what a storage does fail, and be the last of a process. */
export async function tamperEverywhere(
  { each }: { readonly each: number },
): Promise<TracingCount> {
  const count: TracingCount = { errors: 0, surfaced: 0, kills: 0, calls: new Set(), problems: [] };
  await using children = new Children(WARM_UP);
  let n = 0;
  for (const durability of ["never", "always"] as const) {
    for (const action of ACTIONS) {
      const { calls, dir } = await perform(children, action, durability);
      for (const tampering of tamperings(calls, dir)) {
        if (n++ % each > 0) continue;
        const outcome = await perform(children, action, durability, tampering);
        add(count, tampering, outcome);
        const { problem } = outcome;
        const { call, path, when, fault } = tampering;
        const what = `${fault} at ${call} ${when} of ${path}, ${action}, ${durability}`;
        if (problem !== undefined) count.problems.push(`${what}: ${problem}`);
      }
    }
  }
  return count;
}

/** Counts what befell a call, if anything did. */
export function add(count: TracingCount, { call }: Tampering, { answer, calls }: Outcome): void {
  if (answer === undefined) count.kills++;
  else if (calls.some(({ line }) => line.includes("(INJECTED)"))) count.errors++;
  else return; // another thread made the call
  if (answer !== undefined && answer !== "done") count.surfaced++;
  count.calls.add(call);
}

/** Something that befalls a call, and whether the entry is published by then. */
interface Plan extends Tampering {
  readonly isPublished: boolean | undefined;
}

/** All that may befall the calls, each once; their paths are relative to the directory. */
function tamperings(calls: readonly SystemCall[], dir: string): Plan[] {
  const publication = calls.findLastIndex(({ name, line }) =>
    name === "rename" && line.includes(`/${KEY}/metadata.json"`)
  );
  const seen = new Map<string, number>();
  return calls.flatMap(({ name, path }, at) => {
    const when = (seen.get(`${name} ${path}`) ?? 0) + 1;
    seen.set(`${name} ${path}`, when);
    const faults = ["signal=SIGKILL"];
    // A failing close ends Rust's standard library, on which Deno stands.
    if (name !== "close") faults.push("error=EIO");
    if (WRITES.test(name)) faults.push("error=ENOSPC");
    // Calls are counted by thread, so that the second one of a thread may be any later one.
    const isPublished = at <= publication && when > 1 ? undefined : at > publication;
    const plan = { call: name, path: path.slice(dir.length), when, isPublished };
    return faults.map((fault) => ({ ...plan, fault }));
  });
}

/** Does one thing in a fresh directory, with tampering or without, and looks at what is there then. */
async function perform(
  children: Children,
  action: Action,
  durability: Durability,
  tampering?: Plan,
): Promise<Outcome & { readonly problem?: string; readonly dir: string }> {
  using place = children.newPlace();
  const { dir } = place;
  const child = await children.take();
  if (!isFirstSave(action)) {
    await child.ask({ what: "prepare", dir, durability: "never", writer: 1 });
  }
  const planted = action === "clear up" ? plantLeftovers(dir, KEY) : [];
  const paths = [...pathsIn(dir), ...planted];
  const strace = await Strace.attach(child.pid, {
    log: place.log,
    paths,
    tampering: tampering && { ...tampering, path: dir + tampering.path },
  });
  const answer = await child.ask({ what: action, dir, durability, writer: 2 });
  const outcome = { answer, calls: await strace.stop(answer === undefined ? "SIGKILL" : "SIGINT") };
  await children.putBack(child, { isDead: answer === undefined });
  return { ...outcome, dir, problem: await judge(dir, action, outcome, tampering?.isPublished) };
}

function isFirstSave(action: Action): boolean {
  return action === "save" || action === "save late";
}

/** The names of all files that a child may touch; there are no others, as they follow from its orders. */
function pathsIn(dir: string): string[] {
  const folder = `${dir}/${KEY}`;
  const data = (writer: number, version: number) =>
    ["a.txt", "b.bin", `only-${version % 3}.txt`]
      .map((name, n) => `${folder}/${String(writer).repeat(8)}-1-${n}-${name}`);
  return [
    ...[dir, `${dir}/.gitignore`, `${dir}/.gitignore.22222222-0.tmp`, folder],
    ...[`${dir}/.writers`, `${dir}/.writers/22222222.lock`, `${dir}/.aside`],
    ...[`${folder}/metadata.json`, `${folder}/22222222-1.tmp`, ...data(1, OLD), ...data(2, NEW)],
    ...["", `/${KEY}`].map((end) => `${dir}/.aside/20260102T030405Z-22222222-1${end}`),
  ];
}

async function judge(
  dir: string,
  action: Action,
  { answer }: Outcome,
  isPublished: boolean | undefined,
): Promise<string | undefined> {
  const [before, after] = [
    isFirstSave(action) ? undefined : OLD,
    action === "clear up" ? OLD : isFirstSave(action) || action === "replace" ? NEW : undefined,
  ];
  try {
    const storage = new LocalStorage(dir);
    const found = (await versionsIn(storage, [KEY])).get(KEY);
    const isDone = answer === "done" || isPublished;
    const isFine = isDone === undefined
      ? found === before || found === after
      : found === (isDone ? after : before);
    if (!isFine) return `it said ${answer}, published: ${isPublished}, and ${found} is there`;
    if (answer !== undefined && answer !== "done" && !answer.startsWith("StorageError: ")) {
      return `it said ${answer}, which is no StorageError`;
    }
    await clearUp(storage);
    const left = strangersIn(dir);
    if (left.length > 0) return `nobody clears up ${left}`;
    if ((await versionsIn(storage, [KEY])).get(KEY) !== found) {
      return "clearing up changes the entry";
    }
  } catch (error) {
    return String(error);
  }
}
