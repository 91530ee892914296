/**
 * Runs the fault suites in full, and prints for each target the figure that was reached beside the one
 * that is wanted: `deno task soak`, the better part of an hour. `--only=1,3` runs some targets,
 * `--storage=local,sqlite` the rows of some storages (and those of none), `--scale=0.1` a tenth of each.
 * Fails when a target is missed.
 *
 * @module
 */

import { BOMB_ROW } from "./soak/bombs.ts";
import { CASUALTY_ROWS } from "./soak/casualties.ts";
import { FORMAT_ROWS } from "./soak/formats.ts";
import { LOCAL_ROWS } from "./soak/local.ts";
import { MUTANT_ROW, V8_ROW } from "./soak/mutants.ts";
import { DISK_STORAGES } from "./soak/places.ts";
import { processRows } from "./soak/processes.ts";
import type { Row } from "./soak/row.ts";
import { soak } from "./soak/soak_rows.ts";
import { SCHEDULER_ROWS } from "./soak/scheduler.ts";
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
  ...SCHEDULER_ROWS,
  ...CASUALTY_ROWS,
].sort((a, b) => a.target - b.target);

if (import.meta.main) await soak(ROWS);
