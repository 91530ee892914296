import { openPlace, type Place } from "./_fault_orders.ts";
import { type ChildFlags, FaultProcess } from "./_fault_process.ts";
import { versionsAfterDeath } from "./_fault_versions.ts";

/** What came of many kills. */
export interface KillCount {
  /** How many processes were killed. */
  readonly kills: number;
  /** How many of them had begun a change, and not ended it. */
  readonly midway: number;
  /** How many changes were made in all. */
  readonly changes: number;
  /** What was wrong; nothing, where the storage holds what it promises. */
  readonly problems: readonly string[];
}

const KEYS = ["one", "Two", "three"];

/** How many processes are killed, and how. */
export interface Killing extends ChildFlags {
  /** How many. */
  readonly kills: number;
  /** How long they live at most, in ms. @default {40} */
  readonly lifetime?: number;
}

/**
 * Kills processes that save, replace and delete entries, one after the other on the same place, at
 * random moments; after each kill all entries must be whole, and what was committed there.
 */
export async function killSavers(
  place: Place,
  { kills, lifetime, flags }: Killing,
): Promise<KillCount> {
  const problems: string[] = [];
  let before: State = { committed: new Map(), begun: [] };
  let [midway, changes, first] = [0, 0, 1];
  for (let n = 0; n < kills; n++) {
    const lines = await liveAndDie({ ...place, task: "save", keys: KEYS, first }, {
      lifetime,
      flags,
    });
    const told = replay(lines, before.committed);
    first = Math.max(first, told.last) + 1;
    midway += told.begun.length;
    changes += told.changes;
    try {
      await using storage = await openPlace(place);
      const found = await versionsAfterDeath(storage, KEYS);
      const begun = [...before.begun.filter(({ key }) => !told.changed.has(key)), ...told.begun];
      const wrong = differences(found, { committed: told.committed, begun });
      problems.push(...wrong.map((text) => `After kill ${n}: ${text}`));
      // A server may carry out what it was asked last after that look, and until the next.
      const late = told.begun.filter(({ key, version }) => found.get(key) !== version);
      before = { committed: found, begun: late };
    } catch (error) {
      problems.push(`After kill ${n}: ${error}`);
    }
  }
  return { kills, midway, changes, problems };
}

/** Starts a process, and kills it some time after its first change. Gives what it told. */
async function liveAndDie(
  order: ConstructorParameters<typeof FaultProcess>[0],
  { lifetime = 40, flags }: Omit<Killing, "kills">,
): Promise<string[]> {
  await using process = new FaultProcess(order, { flags });
  await process.line();
  const lines = [await process.line(), await process.line()];
  await new Promise((resolve) => setTimeout(resolve, Math.random() * lifetime));
  process.kill();
  lines.push(...await process.rest());
  const { killed, errors } = await process.status();
  if (!killed) throw new Error(`The child process ended by itself: ${errors}`);
  return lines;
}

/** What must be there. */
interface State {
  /** What was committed. */
  readonly committed: ReadonlyMap<string, number>;
  /** What was begun, and may take the place of that; a deletion has no version. */
  readonly begun: readonly { readonly key: string; readonly version?: number }[];
}

/** What a process said before it died: what it committed, beside what was there, and what it had begun. */
interface Told extends State {
  /** The keys that it committed something to. */
  readonly changed: ReadonlySet<string>;
  /** The last version that it spoke of. */
  readonly last: number;
  /** How many changes it finished. */
  readonly changes: number;
}

function replay(lines: readonly string[], before: ReadonlyMap<string, number>): Told {
  const committed = new Map(before);
  const changed = new Set<string>();
  let begun: State["begun"] = [];
  let [last, changes] = [0, 0];
  for (const line of lines) {
    const [verb, key, number] = line.split(" ") as [string, string, string?];
    const version = number === undefined ? undefined : Number(number);
    last = Math.max(last, version ?? 0);
    if (verb === "save" || verb === "delete") {
      begun = [{ key, version }];
      continue;
    }
    if (version === undefined) committed.delete(key);
    else committed.set(key, version);
    begun = [];
    changed.add(key);
    changes++;
  }
  return { committed, begun, changed, last, changes };
}

function differences(
  found: ReadonlyMap<string, number>,
  { committed, begun }: State,
): string[] {
  return KEYS.flatMap((key) => {
    const [is, was] = [found.get(key), committed.get(key)];
    const isBegun = begun.some((change) => change.key === key && change.version === is);
    if (is === was || isBegun) return [];
    return [`"${key}" is ${is ?? "gone"}, but ${was ?? "nothing"} was committed`];
  });
}
