import { Sha256 } from "../digest.ts";
import type { Leftover, Storage } from "../storages/storage.ts";
import { type Killing, killSavers } from "./_fault_kills.ts";
import { openPlace, type Place } from "./_fault_orders.ts";
import { FaultProcess } from "./_fault_process.ts";
import { versionsIn } from "./_fault_versions.ts";

/** What came of clearing up after many kills. */
export interface LeftoverCount {
  /** How many processes were killed. */
  readonly kills: number;
  /** How much was left over by them. */
  readonly leftovers: number;
  /** How many bytes that took. */
  readonly bytes: number;
  /** How many bytes of leftovers were there after clearing up. */
  readonly after: number;
  /** What was wrong; nothing, where all is as promised. */
  readonly problems: readonly string[];
}

/** How it is tried. */
export interface Clearing extends Killing {
  /** For how long a draft must have written nothing to be taken for a dead one's, in ms; 0 where locks tell. */
  readonly grace: number;
  /** Names what lies in the place beside entries, where that can be told otherwise. */
  readonly strangers?: (spec: Place["spec"]) => readonly string[] | Promise<readonly string[]>;
}

/** What of time, in ms, a clock or a file system may round away. */
const ROUNDED = 50;
const SECOND = 1000;

/**
 * Kills savers while another process has a draft open, then clears up: nothing of the dead must be left,
 * every entry be as before, and the draft of the living one be whole when it is committed. Where locks
 * tell who lives, that draft is open all the while; where only time does, it is begun when what the dead
 * left is old enough, and is younger than that itself.
 */
export async function clearUpAfterKills(place: Place, options: Clearing): Promise<LeftoverCount> {
  const { grace, flags, strangers } = options;
  await using stack = new AsyncDisposableStack();
  const hold = async () => {
    const holder = stack.use(new FaultProcess({ ...place, task: "hold", key: "held" }, { flags }));
    await holder.line();
    return holder;
  };
  const early = grace === 0 ? await hold() : undefined;
  const { kills, problems: others } = await killSavers(place, options);
  const killed = Date.now();
  // All that the dead left is as old as this, however long this process or its machine stands still; what is begun
  // a grace later is not. Some servers tell ages in whole seconds.
  const age = () => early ? 0 : Math.floor((Date.now() - killed - ROUNDED) / SECOND) * SECOND;
  const problems = [...others];
  const storage = stack.use(await openPlace(place));
  const before = await versionsIn(storage, []);
  if (!early) await new Promise((resolve) => setTimeout(resolve, grace + 2 * ROUNDED));
  const holder = early ?? await hold();
  const found = await leftoversOf(storage, age());
  for (const leftover of found) await leftover.remove();
  const after = await leftoversOf(storage, age());
  problems.push(...after.map(({ place }) => `It is still there after clearing up: ${place}`));
  const now = await versionsIn(storage, []);
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    if (now.get(key) === before.get(key)) continue;
    problems.push(`Clearing up has changed "${key}" from ${before.get(key)} to ${now.get(key)}`);
  }
  await holder.tell("commit");
  const [verb, ...told] = (await holder.line()).split(" ");
  const saved = verb === "saved" ? await contentOf(storage) : undefined;
  if (saved !== told.join(" ")) problems.push(`The live draft is ${saved}, not ${verb} ${told}`);
  await holder.end();
  await holder.status();
  for (const leftover of await leftoversOf(storage, 0)) await leftover.remove();
  for (const { place } of await leftoversOf(storage, 0)) {
    problems.push(`It is still there when nobody is at anything: ${place}`);
  }
  await storage[Symbol.asyncDispose]();
  for (const name of await strangers?.(place.spec) ?? []) {
    problems.push(`It is left over, and nobody finds it: ${name}`);
  }
  return { kills, leftovers: found.length, bytes: sizeOf(found), after: sizeOf(after), problems };
}

async function leftoversOf(storage: Storage, grace: number): Promise<Leftover[]> {
  return await Array.fromAsync(storage.findLeftovers({ grace }));
}

function sizeOf(leftovers: readonly Leftover[]): number {
  return leftovers.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What the live writer's entry holds, in the words that it says itself. */
async function contentOf(storage: Storage): Promise<string> {
  const entry = await storage.open("held");
  if (!entry) return "nothing";
  const digest = new Sha256();
  for await (const piece of await entry.stream("b.bin")) digest.update(piece);
  const label = new TextDecoder().decode(await entry.read("a.txt"));
  return `${label} ${entry.files.get("b.bin")} ${digest.hex()}`;
}
