/**
 * Runs the fault suites in full, and prints for each target the figure that was reached beside the one
 * that is wanted: `deno task soak`, some minutes. `--only=1,3` runs some rows, `--scale=0.1` a tenth of
 * each. Fails when a target is missed.
 *
 * @module
 */

import { killLabs } from "../testing/_fault_labs.ts";
import { killSavers } from "../testing/_fault_kills.ts";
import type { Place } from "../testing/_fault_orders.ts";
import { raceProcesses } from "../testing/_fault_races.ts";
import { HOSTILE_FILE_NAMES, HOSTILE_KEYS } from "../testing/_hostile_names.ts";
import { NAME_CASES } from "../testing/_storage_names.ts";
import { LocalStorage } from "../storages/local.ts";
import { losePower } from "../tests/faults/_crash.ts";
import { damageFiles } from "../tests/faults/_damage.ts";
import { findProblem } from "../tests/faults/_every_check.ts";
import { fastScratch } from "../tests/faults/_fast_scratch.ts";
import { injectEverywhere } from "../tests/faults/_injection.ts";
import { GENUINE, mutate } from "../tests/faults/_library.ts";
import { MUTANTS } from "../tests/faults/_mutants.ts";
import { whyNoStrace } from "../tests/faults/_strace.ts";
import { tamperEverywhere } from "../tests/faults/_tracing.ts";

/** What was reached. */
interface Reached {
  /** In words, with counts. */
  readonly figure: string;
  /** What was wrong; nothing where the target is met. */
  readonly problems: readonly string[];
}

/** One target, and how it is tried. */
interface Row {
  /** The number of the target. */
  readonly target: number;
  /** What is tried, and the figure that is wanted. */
  readonly wanted: string;
  /** Tries it, at a scale of up to 1. */
  run(scale: number): Promise<Reached>;
}

const FLAGS = ["--allow-all"];
const LANES = Math.max(1, Math.min(4, navigator.hardwareConcurrency));

const ROWS: readonly Row[] = [
  {
    target: 1,
    wanted: "1,000 SIGKILLs of savers: 0 entries not loadable, 0 mixed, none lost",
    async run(scale) {
      const counts = await inLanes(
        1000 * scale,
        (place, kills) => killSavers(place, { kills, flags: FLAGS }),
      );
      const [kills, midway, changes] = (["kills", "midway", "changes"] as const)
        .map((name) => counts.reduce((sum, count) => sum + count[name], 0));
      const problems = counts.flatMap((count) => count.problems);
      const figure = `${kills} kills (${midway} within a change, ${changes} changes before)`;
      return { figure, problems };
    },
  },
  {
    target: 2,
    wanted:
      "an error, or a kill, at each file call: 0 torn, each error before publication surfaces",
    async run() {
      const { points, problems } = await injectEverywhere(GENUINE);
      return { figure: `${points} points, in process`, problems };
    },
  },
  {
    target: 2,
    wanted: "the same at each system call",
    async run(scale) {
      const reason = whyNoStrace();
      if (reason !== undefined) return { figure: `not tried: ${reason}`, problems: [reason] };
      const { errors, kills, calls, problems } = await tamperEverywhere({
        each: Math.round(1 / scale),
      });
      return { figure: `${errors} errors, ${kills} kills, ${calls.size} system calls`, problems };
    },
  },
  {
    target: 3,
    wanted: "loss of power: 0 wrong values, 0 lost once synced",
    async run(scale) {
      const perMoment = Math.ceil(100 * scale);
      const { states, moments, problems } = await losePower(GENUINE, { perMoment });
      return { figure: `${states} states of the disk, after ${moments} events`, problems };
    },
  },
  {
    target: 4,
    wanted: "each mutant (a sync, digest or rename less) is noticed",
    async run() {
      const problems: string[] = [];
      for (const [what, { by, edits }] of Object.entries(MUTANTS)) {
        using place = fastScratch();
        const found = await findProblem(by, await mutate(place.dir, edits));
        if (found === undefined) problems.push(`Not noticed: ${what}`);
      }
      const all = Object.keys(MUTANTS).length;
      return { figure: `${all - problems.length} of ${all}`, problems };
    },
  },
  {
    target: 5,
    wanted: "a run after a kill completes unaided: 200 of 200",
    async run(scale) {
      const counts = await inLanes(
        200 * scale,
        (place, kills) => killLabs(place, { kills, flags: FLAGS }),
      );
      const [kills, midway, completed] = (["kills", "midway", "completed"] as const)
        .map((name) => counts.reduce((sum, count) => sum + count[name], 0));
      const problems = counts.flatMap((count) => count.problems);
      return { figure: `${completed} of ${kills} (${midway} killed with some results)`, problems };
    },
  },
  {
    target: 7,
    wanted: "4 processes save one key, 500 rounds: one winner whole, readers see nothing else",
    async run(scale) {
      await using place = await localPlace();
      const { rounds, reads, wins, problems } = await raceProcesses(place, {
        rounds: Math.ceil(500 * scale),
        flags: FLAGS,
      });
      return { figure: `${rounds} rounds, won ${wins.join(" : ")}; ${reads} reads`, problems };
    },
  },
  {
    target: 9,
    wanted: "100,000 flipped bits: 100% become misses",
    async run(scale) {
      const { flips, misses, problems } = await damageFiles(GENUINE, {
        flips: Math.ceil(100_000 * scale),
      });
      return { figure: `${misses} of ${flips}`, problems };
    },
  },
  {
    target: 12,
    wanted: "300 hostile keys and file names: 0 escapes, 0 collisions",
    async run() {
      using place = fastScratch();
      const problems: string[] = [];
      for (const [n, { name, run }] of NAME_CASES.entries()) {
        const open = () => new LocalStorage(`${place.dir}/${n}/storage`);
        await run({ storage: open(), again: () => Promise.resolve(open()) })
          .catch((error) => problems.push(`${name}: ${error}`));
        for (const entry of outside(`${place.dir}/${n}`)) problems.push(`${name}: made ${entry}`);
      }
      const counts = `${HOSTILE_KEYS.length} keys, ${HOSTILE_FILE_NAMES.length} file names`;
      return { figure: `${counts}, ${NAME_CASES.length} cases`, problems };
    },
  },
  {
    target: 13,
    wanted:
      "links, pipes, devices at each place of an entry: nothing outside changes, nothing hangs",
    async run() {
      const path = new URL("../tests/storages/local_planted_test.ts", import.meta.url).pathname;
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--quiet", path],
        env: { NO_COLOR: "1" },
        stderr: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      const figure = /\d+ passed.*\d+ failed/.exec(text)?.[0] ?? "no summary";
      return { figure, problems: /\d+ passed \| 0 failed/.test(text) ? [] : [text] };
    },
  },
];

/** A place for a local storage on the disk, as results usually lie. */
async function localPlace(): Promise<Place & AsyncDisposable> {
  const dir = await Deno.makeTempDir();
  return {
    spec: { type: "local", dir },
    modules: [],
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

/** Shares out so many of something between places of their own, which are worked on at once. */
async function inLanes<T>(
  count: number,
  run: (place: Place, count: number) => Promise<T>,
): Promise<T[]> {
  return await Promise.all(Array.from({ length: LANES }, async () => {
    await using place = await localPlace();
    return await run(place, Math.ceil(count / LANES));
  }));
}

function outside(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map(({ name }) => name).filter((name) => name !== "storage");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function option(name: string): string | undefined {
  return Deno.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}

if (import.meta.main) {
  const only = option("only")?.split(",").map(Number);
  const scale = Number(option("scale") ?? 1);
  if (!(scale > 0 && scale <= 1)) throw new RangeError(`Expected --scale of 0 to 1, got ${scale}`);
  let missed = 0;
  for (const { target, wanted, run } of ROWS) {
    if (only && !only.includes(target)) continue;
    const start = performance.now();
    const { figure, problems } = await run(scale);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (problems.length > 0) missed++;
    console.log(`${String(target).padStart(2)}  wanted   ${wanted}`);
    console.log(`    reached  ${figure}; ${problems.length} problems (${seconds} s)`);
    for (const problem of problems.slice(0, 10)) console.log(`    PROBLEM  ${problem}`);
  }
  console.log(missed === 0 ? "All targets met" : `${missed} targets missed`);
  if (missed > 0) Deno.exit(1);
}
