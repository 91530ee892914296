import type { TaskResults } from "@labtech/lab";
import type { Note } from "./_notes.ts";
import type { Stall } from "./_stalls.ts";
import type { SweepTask } from "./_sweep.ts";
import type { Stamped } from "./_tasks.ts";

/** What is known of a sweep once it is over. */
export interface Evidence {
  readonly sweep: readonly SweepTask[];
  /** The key of each task's result. */
  readonly keys: readonly string[];
  /** What the program was given; `undefined` where it was given up. */
  readonly given: TaskResults | undefined;
  /** What is in the storage. What is not there was computed anew, by one of {@linkcode Evidence.anew}. */
  readonly found: TaskResults;
  readonly anew: ReadonlySet<string>;
  /** What hosts noted. */
  readonly notes: readonly Note[];
  readonly stalls: readonly Stall[];
  /** Calls a process by its name. */
  readonly nameOf: (pid: number) => string;
}

/** What came of a sweep, in counts. */
export interface Findings {
  /** How many tasks there were. */
  readonly tasks: number;
  /** How many computations were begun, by all hosts together. */
  readonly begun: number;
  /** How many of these were of tasks that had been begun before. */
  readonly duplicates: number;
  /** How often a task lost its worker, as the broker tells. */
  readonly stalls: number;
  /** How many results there are not, in the end. */
  readonly lost: number;
  /** How many results are not those of one whole computation of their task. */
  readonly mixed: number;
  /** How many results were replaced after the program had been given them. */
  readonly replaced: number;
  /** How many tasks were begun again more often than they lost their worker. */
  readonly unexplained: number;
  /** What happened to tasks of which any of that holds. */
  readonly histories: readonly string[];
}

/** Finds out what came of a sweep. */
export function findingsOf(evidence: Evidence): Findings {
  const { sweep, keys, notes, stalls } = evidence;
  const bySeed = Map.groupBy(notes, ({ seed }) => seed);
  const counts = { lost: 0, mixed: 0, replaced: 0, unexplained: 0 };
  const histories: string[] = [];
  const begun = notes.filter(({ what }) => what === "begin").length;
  let distinct = 0;
  for (const at of sweep.keys()) {
    const own = bySeed.get(at + 1) ?? [];
    const lostWorker = stalls.filter(({ key }) => key === keys[at]);
    const begins = own.filter(({ what }) => what === "begin").length;
    if (begins > 0) distinct++;
    const verdicts = verdictsOn(at, own, evidence);
    if (begins - 1 > lostWorker.length) verdicts.push("unexplained");
    for (const verdict of verdicts) counts[verdict]++;
    if (verdicts.length === 0) continue;
    histories.push(`${verdicts.join(", ")}: ${historyOf(own, lostWorker, evidence)}`);
  }
  const duplicates = begun - distinct;
  return { tasks: sweep.length, begun, duplicates, stalls: stalls.length, ...counts, histories };
}

function verdictsOn(
  at: number,
  notes: readonly Note[],
  { sweep, given, found, anew }: Evidence,
): ("lost" | "mixed" | "replaced" | "unexplained")[] {
  const { task, numbers } = sweep[at]!;
  const isOwn = (result: Stamped) =>
    isWhole(result, numbers) &&
    notes.some(({ what, stamp }) => what === "end" && stamp === result.head);
  const [result, earlier] = [found.get(task)!, given?.get(task)];
  if (anew.has(result.head)) return ["lost"];
  return [
    ...(isOwn(result) && (earlier === undefined || isOwn(earlier)) ? [] : ["mixed" as const]),
    ...(earlier === undefined || earlier.head === result.head ? [] : ["replaced" as const]),
  ];
}

function isWhole({ head, numbers, tail }: Stamped, wanted: Uint32Array): boolean {
  return head === tail && numbers.length === wanted.length &&
    numbers.every((number, at) => number === wanted[at]);
}

function historyOf(notes: readonly Note[], stalls: readonly Stall[], evidence: Evidence): string {
  const { nameOf, notes: all } = evidence;
  const start = Math.min(...all.map(({ at }) => at));
  return [
    ...notes.map(({ what, pid, stamp, at }) => ({
      at,
      text: `${what} by ${nameOf(pid)} (${stamp.slice(0, 4)})`,
    })),
    ...stalls.map(({ at }) => ({ at, text: "told lost" })),
  ].sort((a, b) => a.at - b.at)
    .map(({ at, text }) => `${((at - start) / 1000).toFixed(2)} s ${text}`).join("; ");
}
