import { ConfigError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { type BullmqPlace, placeOf } from "../runners/_bullmq_place.ts";

/**
 * Where the queue of a Lab is.
 *
 * @throws {ConfigError} When its runner has none.
 */
export function placeOfLab(lab: Lab): BullmqPlace {
  const place = placeOf(lab.runner);
  if (place !== undefined) return place;
  throw new ConfigError([{
    path: "runner",
    message: `is "${lab.runner.name}", which has no queue; the runner "bullmq" has one`,
  }]);
}
