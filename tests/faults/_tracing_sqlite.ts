import { SqliteStorage } from "../../storages/mod.ts";
import { versionsIn } from "../../testing/_fault_versions.ts";
import { clearUp } from "./_leftovers.ts";
import { Strace, type SystemCall, type Tampering } from "./_strace.ts";
import { Children } from "./_traced_children.ts";
import {
  databaseIn,
  KEY,
  NEW_IN_DATABASE,
  OLD_IN_DATABASE,
  type TracedOrder,
} from "./_traced_order.ts";
import { add, type Outcome, type TracingCount } from "./_tracing.ts";

type Action = typeof ACTIONS[number];

const ACTIONS = ["save", "replace", "delete"] as const;
const WARM_UP = ["prepare", "replace", "delete", "prepare"] as const;
/** The endings of the files that SQLite works with; the last one is for the directory. */
const FILES = ["results.db", "results.db-wal", "results.db-shm", "results.db-journal", ""];
const WRITES = /^(?:openat|pwrite64|write|mkdir|ftruncate|fallocate|fsync|fdatasync)$/;

/**
 * Lets each system call of what a storage does to its database fail, and be the last of a process.
 * SQLite makes all of them in one thread.
 */
export async function tamperWithDatabase(
  { each }: { readonly each: number },
): Promise<TracingCount> {
  const count: TracingCount = { errors: 0, surfaced: 0, kills: 0, calls: new Set(), problems: [] };
  await using children = new Children(WARM_UP, "sqlite");
  let n = 0;
  for (const durability of ["never", "always"] as const) {
    for (const action of ACTIONS) {
      const { calls, dir } = await perform(children, action, durability);
      for (const tampering of tamperings(calls, dir)) {
        if (n++ % each > 0) continue;
        const outcome = await perform(children, action, durability, tampering);
        add(count, tampering, outcome);
        const { call, path, when, fault } = tampering;
        const what = `${fault} at ${call} ${when} of ${path}, ${action}, ${durability}`;
        if (outcome.problem !== undefined) count.problems.push(`${what}: ${outcome.problem}`);
      }
    }
  }
  return count;
}

/** All that may befall the calls, each once; their paths are relative to the directory. */
function tamperings(calls: readonly SystemCall[], dir: string): Tampering[] {
  const seen = new Map<string, number>();
  return calls.flatMap(({ name, path }) => {
    const when = (seen.get(`${name} ${path}`) ?? 0) + 1;
    seen.set(`${name} ${path}`, when);
    const faults = ["signal=SIGKILL"];
    // A failing close ends Rust's standard library, which looks at the file before SQLite does. Disks
    // have no say in locks: to let go of one never fails.
    if (name !== "close" && name !== "fcntl") faults.push("error=EIO");
    if (WRITES.test(name)) faults.push("error=ENOSPC");
    return faults.map((fault) => ({ call: name, path: path.slice(dir.length), when, fault }));
  });
}

/** Does one thing in a fresh directory, with tampering or without, and looks at what is there then. */
async function perform(
  children: Children,
  action: Action,
  durability: TracedOrder["durability"],
  tampering?: Tampering,
): Promise<Outcome & { readonly problem?: string; readonly dir: string }> {
  using place = children.newPlace();
  const { dir } = place;
  const child = await children.take();
  const order = { storage: "sqlite", dir } as const;
  if (action !== "save") {
    await child.ask({ ...order, what: "prepare", durability: "never", writer: 1 });
  }
  const strace = await Strace.attach(child.pid, {
    log: place.log,
    paths: FILES.map((name) => name === "" ? dir : `${dir}/${name}`),
    tampering: tampering && { ...tampering, path: dir + tampering.path },
  });
  const answer = await child.ask({ ...order, what: action, durability, writer: 2 });
  const calls = await strace.stop(answer === undefined ? "SIGKILL" : "SIGINT");
  await children.putBack(child, { isDead: answer === undefined });
  return { answer, calls, dir, problem: await judge(dir, action, answer) };
}

/** Whoever is told that it is done finds it so; whoever is not finds all of it, or what was there. */
async function judge(
  dir: string,
  action: Action,
  answer: string | undefined,
): Promise<string | undefined> {
  const before = action === "save" ? undefined : OLD_IN_DATABASE;
  const after = action === "delete" ? undefined : NEW_IN_DATABASE;
  try {
    await using storage = new SqliteStorage({ file: databaseIn(dir) });
    const found = (await versionsIn(storage, [KEY])).get(KEY);
    const isFine = found === after || (answer !== "done" && found === before);
    if (!isFine) return `it said ${answer}, and ${found} is there`;
    if (answer !== undefined && answer !== "done" && !answer.startsWith("StorageError: ")) {
      return `it said ${answer}, which is no StorageError`;
    }
    await clearUp(storage);
    const left = await Array.fromAsync(storage.findLeftovers({ grace: 0 }));
    if (left.length > 0) return `nobody clears up ${left.map(({ place }) => place)}`;
    if ((await versionsIn(storage, [KEY])).get(KEY) !== found) {
      return "clearing up changes the entry";
    }
  } catch (error) {
    return String(error);
  }
}
