import { killLabs } from "../../testing/_fault_labs.ts";
import { killSavers } from "../../testing/_fault_kills.ts";
import { clearUpAfterKills } from "../../testing/_fault_leftovers.ts";
import { raceProcesses } from "../../testing/_fault_races.ts";
import { inLanes, type StorageMaker } from "./places.ts";
import type { Row } from "./row.ts";

const FLAGS = ["--allow-all", "--no-lock"];

/** The targets of processes that are killed or race, on one storage. */
export function processRows(storage: StorageMaker): Row[] {
  const { name, lifetime, missing } = storage;
  const rows: Row[] = [
    {
      target: 1,
      storage: name,
      wanted: "1,000 SIGKILLs of savers: 0 entries not loadable, 0 mixed, none lost",
      async run({ scale }) {
        const counts = await inLanes(
          storage,
          1000 * scale,
          (place, kills) => killSavers(place, { kills, lifetime, flags: FLAGS }),
        );
        const [kills, midway, changes] = (["kills", "midway", "changes"] as const)
          .map((name) => counts.reduce((sum, count) => sum + count[name], 0));
        const problems = counts.flatMap((count) => count.problems);
        const figure = `${kills} kills (${midway} within a change, ${changes} changes before)`;
        return { figure, problems };
      },
    },
    {
      target: 5,
      storage: name,
      wanted: "a run after a kill completes unaided: 200 of 200",
      async run({ scale }) {
        const counts = await inLanes(
          storage,
          200 * scale,
          (place, kills) => killLabs(place, { kills, lifetime, flags: FLAGS }),
        );
        const [kills, midway, completed] = (["kills", "midway", "completed"] as const)
          .map((name) => counts.reduce((sum, count) => sum + count[name], 0));
        const problems = counts.flatMap((count) => count.problems);
        return {
          figure: `${completed} of ${kills} (${midway} killed with some results)`,
          problems,
        };
      },
    },
    {
      target: 6,
      storage: name,
      wanted: "gc after 1,000 kills: 0 bytes of leftovers; a live writer's never touched",
      async run({ scale }) {
        const { grace = 10_000, strangers } = storage;
        const counts = await inLanes(
          storage,
          1000 * scale,
          (place, kills) =>
            clearUpAfterKills(place, { kills, lifetime, grace, strangers, flags: FLAGS }),
        );
        const [kills, leftovers, bytes, after] = (["kills", "leftovers", "bytes", "after"] as const)
          .map((name) => counts.reduce((sum, count) => sum + count[name], 0));
        const problems = counts.flatMap((count) => count.problems);
        const figure =
          `${kills} kills left ${bytes} bytes in ${leftovers} places; ${after} bytes ` +
          `after gc, ${counts.length} live drafts whole`;
        return { figure, problems };
      },
    },
    {
      target: 7,
      storage: name,
      wanted: "4 processes save one key, 500 rounds: one winner whole, readers see nothing else",
      async run({ scale }) {
        await using place = await storage.make();
        const { rounds, reads, wins, problems } = await raceProcesses(place, {
          rounds: Math.ceil(500 * scale),
          flags: FLAGS,
        });
        const replaces = rounds * wins.length;
        const figure = `${rounds} rounds, won ${
          wins.join(" : ")
        }; ${reads} reads over ${replaces} replaces`;
        return { figure, problems };
      },
    },
  ];
  return rows.map((row) => ({ ...row, missing }));
}
