/**
 * Runs the fault suites in full, and prints for each target the figure that was reached beside the one
 * that is wanted: `deno task soak`, the better part of an hour. `--only=1,3` runs some targets,
 * `--storage=local,sqlite` the rows of some storages (and those of none), `--scale=0.1` a tenth of each.
 * Fails when a target is missed.
 *
 * @module
 */

import { BOMB_ROW } from "./soak/bombs.ts";
import { FORMAT_ROWS } from "./soak/formats.ts";
import { LOCAL_ROWS } from "./soak/local.ts";
import { MUTANT_ROW, V8_ROW } from "./soak/mutants.ts";
import { DISK_STORAGES } from "./soak/places.ts";
import { processRows } from "./soak/processes.ts";
import type { Row } from "./soak/row.ts";
import { SERVER_STORAGES } from "./soak/servers.ts";
import { singleFlightRows } from "./soak/single_flight.ts";

/** The storages with claims. */
const CLAIMING = new Set(["local", "sqlite", "s3", "redis"]);

const ROWS: readonly Row[] = [
  ...[...DISK_STORAGES, ...SERVER_STORAGES].flatMap(processRows),
  ...[...DISK_STORAGES, ...SERVER_STORAGES].filter(({ name }) => CLAIMING.has(name))
    .flatMap(singleFlightRows),
  ...LOCAL_ROWS,
  MUTANT_ROW,
  V8_ROW,
  BOMB_ROW,
  ...FORMAT_ROWS,
].sort((a, b) => a.target - b.target);

function option(name: string): string | undefined {
  return Deno.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}

if (import.meta.main) {
  const only = option("only")?.split(",").map(Number);
  const storages = option("storage")?.split(",");
  const scale = Number(option("scale") ?? 1);
  if (!(scale > 0 && scale <= 1)) throw new RangeError(`Expected --scale of 0 to 1, got ${scale}`);
  let missed = 0;
  for (const { target, storage, wanted, run, missing } of ROWS) {
    if (only && !only.includes(target)) continue;
    if (storages && storage && !storages.includes(storage)) continue;
    const why = await missing?.();
    if (why !== undefined) {
      console.log(`${String(target).padStart(2)}  skipped  ${storage}: ${why}`);
      continue;
    }
    const start = performance.now();
    const { figure, problems } = await run({ scale });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (problems.length > 0) missed++;
    console.log(
      `${String(target).padStart(2)}  wanted   ${storage ? `${storage}: ` : ""}${wanted}`,
    );
    console.log(`    reached  ${figure}; ${problems.length} problems (${seconds} s)`);
    for (const problem of problems.slice(0, 10)) console.log(`    PROBLEM  ${problem}`);
  }
  console.log(missed === 0 ? "All targets met" : `${missed} targets missed`);
  if (missed > 0) Deno.exit(1);
}
