import type { PluginSpec } from "../../plugin.ts";
import { runShared, takeOver, wakeLate } from "../../tests/e2e/_sharing.ts";
import { scratch } from "../../tests/e2e/_scratch.ts";
import type { SoakPlace, StorageMaker } from "./places.ts";
import type { Row } from "./row.ts";

/** How long the work of a program that was killed may lie idle on one machine, in ms. */
const SOON = 1000;
/** How long claims of a server hold without a sign of life, in seconds. */
const LEASE = 1;
/** How long they hold where nobody is to wait for their end, in seconds. */
const LONG = 3600;

/** The targets of programs that want the same results, on one storage that has claims. */
export function singleFlightRows(storage: StorageMaker): Row[] {
  const { name, missing } = storage;
  const hasLease = name === "redis" || name === "s3";
  const rows: Row[] = [
    {
      target: 8,
      storage: name,
      wanted: "4 processes want the same 200 tasks: each runs once",
      async run({ scale }) {
        await using place = await storage.make();
        await using files = await scratch();
        const tasks = Math.ceil(200 * scale);
        const shared = { storage: specOf(place), runner: "workers", trace: files.path("trace") };
        const { ran, problems } = await runShared(shared, { programs: 4, tasks, ms: 20 });
        return { figure: `${tasks} tasks, ran ${ran.join(" + ")}`, problems };
      },
    },
    {
      target: 8,
      storage: name,
      wanted: "a killed holder's work is taken over within 1 s on its machine",
      async run({ scale }) {
        const times = await repeated(
          storage,
          20 * scale,
          (place) =>
            takeOver({
              ...place,
              storage: { ...place.storage, ...hasLease && { claimTtl: LONG } },
            }),
        );
        const problems = times.filter((ms) => ms > SOON)
          .map((ms) => `Taken over after ${ms.toFixed(0)} ms`);
        times.sort((a, b) => a - b);
        const [median, worst] = [times[times.length >> 1]!, times.at(-1)!];
        const figure = `${times.length} kills, taken over after ${median.toFixed(0)} ms in the ` +
          `median, ${worst.toFixed(0)} ms at the most`;
        return { figure, problems };
      },
    },
  ];
  if (hasLease) {
    rows.push({
      target: 8,
      storage: name,
      wanted: "a stopped holder that wakes up late does not overwrite",
      async run({ scale }) {
        const all = await repeated(storage, 20 * scale, wakeLate);
        const problems = all.flatMap(({ late, after }) =>
          [late, after].filter(({ values }) => values[0] !== "0 by heir")
            .map(({ values }) => `There is "${values}"`)
        );
        return { figure: `${all.length} holders stopped, and woken up`, problems };
      },
    });
  }
  return rows.map((row) => ({ ...row, missing }));
}

/** Does something some times, each in a place of its own. */
async function repeated<T>(
  storage: StorageMaker,
  count: number,
  act: (place: { storage: PluginSpec; runner: string; trace: string }) => Promise<T>,
): Promise<T[]> {
  const all: T[] = [];
  for (let n = 0; n < Math.ceil(count); n++) {
    await using place = await storage.make();
    await using files = await scratch();
    all.push(await act({ storage: specOf(place), runner: "async", trace: files.path("trace") }));
  }
  return all;
}

function specOf({ spec }: SoakPlace): PluginSpec {
  return spec.type === "redis" || spec.type === "s3"
    ? { ...spec, claimTtl: LEASE }
    : spec as PluginSpec;
}
