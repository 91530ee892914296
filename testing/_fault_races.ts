import { openPlace, type Place } from "./_fault_orders.ts";
import { type ChildFlags, FaultProcess } from "./_fault_process.ts";
import { BrokenEntry, versionNow } from "./_fault_versions.ts";

/** What came of a race. */
export interface RaceCount {
  /** How often the savers started together. */
  readonly rounds: number;
  /** How many entries the readers read meanwhile. */
  readonly reads: number;
  /** How many rounds each saver won. */
  readonly wins: readonly number[];
  /** What was wrong; nothing, where each round had one winner whole. */
  readonly problems: readonly string[];
}

const KEY = "Raced";
const SAVERS = 4;
const READERS = 1;

/**
 * Lets four processes save one key at the same time, round after round, while another reads it. After
 * each round the entry of one saver of that round must be there, whole; the reader must never see
 * anything but whole entries, and none missing after the first.
 */
export async function raceProcesses(
  place: Place,
  { rounds, flags }: ChildFlags & { readonly rounds: number },
): Promise<RaceCount> {
  await using stack = new AsyncDisposableStack();
  const storage = stack.use(await openPlace(place));
  const start = (order: ConstructorParameters<typeof FaultProcess>[0]) =>
    stack.use(new FaultProcess(order, { flags }));
  const problems: string[] = [];
  const wins = new Array<number>(SAVERS).fill(0);
  const savers = Array.from(
    wins,
    (_, n) => start({ ...place, task: "race", key: KEY, first: SAVERS + n, step: SAVERS }),
  );
  await Promise.all(savers.map((each) => each.line()));
  let readers: FaultProcess[] = [];
  for (let round = 1; round <= rounds; round++) {
    await Promise.all(savers.map((each) => each.tell("go")));
    await Promise.all(savers.map((each) => each.line()));
    try {
      // A reader may be putting a copy of it into a nearer storage: then it is opened again.
      const winner = (await versionNow(storage, KEY) ?? 0) - SAVERS * round;
      if (winner in wins) wins[winner]!++;
      else problems.push(`After round ${round} the winner was of another round (${winner})`);
    } catch (error) {
      if (!(error instanceof BrokenEntry)) throw error;
      problems.push(`After round ${round}: ${error.message}`);
    }
    if (round > 1) continue;
    readers = Array.from({ length: READERS }, () => start({ ...place, task: "read", key: KEY }));
    await Promise.all(readers.map((each) => each.line()));
  }
  let reads = 0;
  for (const reader of readers) {
    await reader.end();
    try {
      const seen = JSON.parse(await reader.line());
      reads += seen.reads;
      if (seen.seen.includes(null)) problems.push("A reader found nothing between two entries");
    } catch (error) {
      problems.push(`A reader broke off: ${error}`);
    }
  }
  return { rounds, reads, wins, problems };
}
