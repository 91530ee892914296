import { StorageError } from "../../errors.ts";
import { beginVersion, saveVersion, versionAt, versionsIn } from "../../testing/_fault_versions.ts";
import type { Draft } from "../../storages/storage.ts";
import { clearUp, plantLeftovers, strangersIn } from "./_leftovers.ts";
import { fastScratch } from "./_fast_scratch.ts";
import { type FileCall, watchFileCalls } from "./_file_calls.ts";
import type { Library } from "./_library.ts";

/** What befalls one file call. */
export const FAULTS = ["EIO", "ENOSPC", "half a write", "kill"] as const;
/** What a storage is at when it happens. */
export const ACTIONS = [
  "save",
  "save large",
  "replace",
  "replace large",
  "delete",
  "read",
  "set aside",
  "clear up",
] as const;

/** What is tried. */
export interface Injection {
  readonly fault: typeof FAULTS[number];
  readonly action: typeof ACTIONS[number];
  readonly durability: "always" | "never";
}

/** What came of injections. */
export interface InjectionCount {
  /** At how many calls something was let happen. */
  points: number;
  /** How many errors surfaced; the others cost nothing but room. */
  surfaced: number;
  /** What was wrong. */
  readonly problems: string[];
}

const KEY = "Key";
const [OLD, NEW, NEW_LARGE] = [1, 2, 16];
const KEY_PLACE = "Key~b";
const RECORD = "/metadata.json";
const STAYING: readonly string[] = ["read", "clear up"];
const GOING: readonly string[] = ["delete", "set aside"];
/** Deno's own, whatever is put in its place later. */
const { writeFileSync } = Deno;

/** Lets one file call fail, each in turn, for all faults, actions and durabilities. */
export async function injectEverywhere(
  library: Library,
  { enough = Infinity, actions = ACTIONS }: {
    readonly enough?: number;
    readonly actions?: readonly Injection["action"][];
  } = {},
): Promise<InjectionCount> {
  const count: InjectionCount = { points: 0, surfaced: 0, problems: [] };
  for (const action of actions) {
    for (const durability of ["never", "always"] as const) {
      for (const fault of FAULTS) {
        for (let at = 1;; at++) {
          if (!await injectOnce(library, { fault, action, durability }, at, count)) break;
          if (count.problems.length >= enough) return count;
        }
      }
    }
  }
  return count;
}

/** What happened while the injection was on. */
interface Happened {
  /** The call that failed. */
  failed?: FileCall;
  /** Whether the record was moved into place, or away. */
  published: boolean;
  /** What the action rejected with. */
  error?: unknown;
}

/** Storages whose process is dead as far as others can tell; held on to, as they hold closed files. */
const dead: unknown[] = [];

/** Tries one call; gives `false` when the action made fewer calls than that. */
async function injectOnce(
  library: Library,
  injection: Injection,
  at: number,
  count: InjectionCount,
): Promise<boolean> {
  using place = fastScratch();
  const dir = `${place.dir}/deep/down`;
  await using stack = new AsyncDisposableStack();
  const open = (durability: "always" | "never" = "never") =>
    new library.LocalStorage({ dir, durability });
  const judging = stack.use(open());
  if (!injection.action.startsWith("save")) await saveVersion(judging, KEY, OLD);
  const live = injection.action === "clear up" ? stack.use(open()) : undefined;
  const draft = live && stack.use(await beginVersion(live, KEY, NEW));
  if (live) plantLeftovers(dir, KEY_PLACE);
  const happened: Happened = { published: false };
  const storage = open(injection.durability);
  {
    using faults = failingAt(at, place.dir, injection, happened);
    using _layer = watchFileCalls(faults);
    try {
      await act(storage, injection.action);
    } catch (error) {
      happened.error = error;
    }
    const isKilled = happened.failed && injection.fault === "kill";
    if (isKilled) dead.push(storage);
    else await storage[Symbol.asyncDispose]();
  }
  if (!happened.failed) return false;
  count.points++;
  if (happened.error) count.surfaced++;
  const problem = await judge(judging, injection, happened, draft);
  const { name, paths } = happened.failed;
  if (problem) {
    const call = `${name}(${paths.map((path) => path.slice(dir.length)).join(", ")})`;
    count.problems.push(
      `${Object.values(injection).join(", ")} at call ${at}, ${call}: ${problem}`,
    );
  }
  return true;
}

async function act(storage: InstanceType<Library["LocalStorage"]>, action: Injection["action"]) {
  if (action === "delete") await storage.delete(KEY);
  else if (action === "read") await versionAt(storage, KEY);
  else if (action === "set aside") await storage.setAside(KEY);
  else if (action === "clear up") await clearUp(storage);
  else await saveVersion(storage, KEY, newVersion(action));
}

function newVersion(action: Injection["action"]): number {
  return action.endsWith("large") ? NEW_LARGE! : NEW!;
}

function failingAt(at: number, dir: string, { fault }: Injection, happened: Happened) {
  let calls = 0;
  const files: Deno.FsFile[] = [];
  return {
    dir,
    before(call: FileCall) {
      if (happened.failed && fault === "kill") throw errorOf("EIO"); // the dead make no calls
      if (!mayMeet(call, fault) || ++calls !== at) return;
      happened.failed = call;
      if (fault === "half a write") {
        writeFileSync(call.paths[0]!, call.data!.subarray(0, call.data!.length >> 1), {
          append: true,
        });
      }
      throw errorOf(fault === "EIO" ? "EIO" : "ENOSPC");
    },
    after(call: FileCall, file?: Deno.FsFile) {
      if (file) files.push(file);
      if (call.name !== "renameSync") return;
      happened.published ||= call.paths.some((path) => path.endsWith(KEY_PLACE + RECORD));
    },
    /** Closes what was left open, as the end of a process does; so its locks end. */
    [Symbol.dispose]() {
      for (const file of files) if (happened.failed && fault === "kill") close(file);
    },
  };
}

function close(file: Deno.FsFile): void {
  try {
    file.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

function mayMeet({ name, data }: FileCall, fault: Injection["fault"]): boolean {
  if (fault === "half a write") return data !== undefined;
  if (fault === "ENOSPC") return data !== undefined || /mkdir|open|rename|FsFile.sync/.test(name);
  return true;
}

/** An error as Deno makes it of one of the system's. */
function errorOf(code: "EIO" | "ENOSPC"): Error {
  const text = code === "EIO"
    ? "Input/output error (os error 5)"
    : "No space left on device (os error 28)";
  return Object.assign(new Error(text), { code });
}

/** Gives what is wrong, if anything. */
async function judge(
  storage: InstanceType<Library["LocalStorage"]>,
  { fault, action }: Injection,
  { failed, published, error }: Happened,
  draft: Draft | undefined,
): Promise<string | undefined> {
  const [before, after] = [
    action.startsWith("save") ? undefined : OLD,
    STAYING.includes(action) ? OLD : GOING.includes(action) ? undefined : newVersion(action),
  ];
  try {
    const found = (await versionsIn(storage, [KEY])).get(KEY);
    const isDone = fault === "kill" ? published : error === undefined || published;
    if (found !== (isDone ? after : before)) {
      const way = error === undefined ? "resolved" : `rejected with ${error}`;
      return `it ${way}, ${published ? "after" : "before"} publication, and ${found} is there`;
    }
    if (fault !== "kill" && error !== undefined && !isToldOf(error, action)) {
      return `it rejected with ${error}, which is no StorageError`;
    }
    const isClean = fault !== "kill" && error !== undefined && !published && !draft;
    if (isClean && failed?.name !== "removeSync") {
      const left = leftovers(storage.dir);
      if (left.length > 0) return `it left ${left}`;
    }
    await storage[Symbol.asyncDispose]();
    await clearUp(storage);
    if (!draft) {
      const left = strangersIn(storage.dir);
      if (left.length > 0) return `nobody clears up ${left}`;
    }
    const isSame = (await versionsIn(storage, [KEY])).get(KEY) === found;
    if (!isSame) return "clearing up has changed the entry";
    await draft?.commit();
    if (draft && await versionAt(storage, KEY) !== NEW) return "a live draft was lost";
    await saveVersion(storage, KEY, 3);
    if ((await versionsIn(storage, [KEY])).get(KEY) !== 3) return "the next save went wrong";
    if (!await storage.delete(KEY)) return "the next deletion found nothing";
  } catch (cause) {
    return String(cause);
  }
}

/** What is read is wrapped by the reader of versions. */
function isToldOf(error: unknown, action: Injection["action"]): boolean {
  return error instanceof StorageError ||
    (action === "read" && error instanceof Error && error.cause instanceof StorageError);
}

/** What lies in the folder of the entry, and is no part of it. */
function leftovers(dir: string): string[] {
  try {
    const folder = `${dir}/${KEY_PLACE}`;
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    if (!names.includes(RECORD.slice(1))) return ["an empty folder", ...names];
    const { entry } = JSON.parse(Deno.readTextFileSync(folder + RECORD));
    const own = new Set<string>(entry.files.map((file: { in: string }) => file.in));
    return names.filter((name) => name !== RECORD.slice(1) && !own.has(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
