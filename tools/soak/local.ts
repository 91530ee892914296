import { HOSTILE_FILE_NAMES, HOSTILE_KEYS } from "../../testing/_hostile_names.ts";
import { NAME_CASES } from "../../testing/_storage_names.ts";
import { LocalStorage } from "../../storages/local.ts";
import { losePower } from "../../tests/faults/_crash.ts";
import { damageFiles } from "../../tests/faults/_damage.ts";
import { findProblem } from "../../tests/faults/_every_check.ts";
import { fastScratch } from "../../tests/faults/_fast_scratch.ts";
import { injectEverywhere } from "../../tests/faults/_injection.ts";
import { GENUINE, mutate } from "../../tests/faults/_library.ts";
import { MUTANTS } from "../../tests/faults/_mutants.ts";
import { whyNoStrace } from "../../tests/faults/_strace.ts";
import { tamperEverywhere } from "../../tests/faults/_tracing.ts";
import { tamperWithDatabase } from "../../tests/faults/_tracing_sqlite.ts";
import type { Row } from "./row.ts";
import { runTests } from "./run_tests.ts";

/** The targets of files and names, on the storages of the disk. */
export const LOCAL_ROWS: readonly Row[] = [
  {
    target: 2,
    storage: "local",
    wanted:
      "an error, or a kill, at each file call: 0 torn, each error before publication surfaces",
    async run() {
      const { points, problems } = await injectEverywhere(GENUINE);
      return { figure: `${points} points, in process`, problems };
    },
  },
  {
    target: 2,
    storage: "local",
    wanted: "the same at each system call",
    async run({ scale }) {
      const reason = whyNoStrace();
      if (reason !== undefined) return { figure: `not tried: ${reason}`, problems: [reason] };
      const { errors, kills, calls, problems } = await tamperEverywhere({
        each: Math.round(1 / scale),
      });
      return { figure: `${errors} errors, ${kills} kills, ${calls.size} system calls`, problems };
    },
  },
  {
    target: 2,
    storage: "sqlite",
    wanted: "an error, or a kill, at each system call: 0 torn or lost",
    async run({ scale }) {
      const reason = whyNoStrace();
      if (reason !== undefined) return { figure: `not tried: ${reason}`, problems: [reason] };
      const { errors, kills, calls, problems } = await tamperWithDatabase({
        each: Math.round(1 / scale),
      });
      return { figure: `${errors} errors, ${kills} kills, ${calls.size} system calls`, problems };
    },
  },
  {
    target: 3,
    storage: "local",
    wanted: "loss of power: 0 wrong values, 0 lost once synced",
    async run({ scale }) {
      const perMoment = Math.ceil(100 * scale);
      const { states, moments, problems } = await losePower(GENUINE, { perMoment });
      return { figure: `${states} states of the disk, after ${moments} events`, problems };
    },
  },
  {
    target: 4,
    storage: "local",
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
    target: 9,
    storage: "local",
    wanted: "100,000 flipped bits: 100% become misses",
    async run({ scale }) {
      const { flips, misses, problems } = await damageFiles(GENUINE, {
        flips: Math.ceil(100_000 * scale),
      });
      return { figure: `${misses} of ${flips}`, problems };
    },
  },
  {
    target: 12,
    storage: "local",
    wanted: "300 hostile keys and file names: 0 escapes, 0 collisions",
    async run() {
      using place = fastScratch();
      const problems: string[] = [];
      for (const [n, { name, run }] of NAME_CASES.entries()) {
        const open = () => new LocalStorage(`${place.dir}/${n}/storage`);
        await run({ storage: open(), again: () => Promise.resolve(open()), rounds: 1 })
          .catch((error) => problems.push(`${name}: ${error}`));
        for (const entry of outside(`${place.dir}/${n}`)) problems.push(`${name}: made ${entry}`);
      }
      const counts = `${HOSTILE_KEYS.length} keys, ${HOSTILE_FILE_NAMES.length} file names`;
      return { figure: `${counts}, ${NAME_CASES.length} cases`, problems };
    },
  },
  {
    target: 13,
    storage: "local",
    wanted:
      "links, pipes, devices at each place of an entry: nothing outside changes, nothing hangs",
    run: () => runTests("tests/storages/local_planted_test.ts"),
  },
];

function outside(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map(({ name }) => name).filter((name) => name !== "storage");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
