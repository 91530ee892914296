import { drive } from "../../scheduler/drive.ts";
import { retryDelay } from "../../scheduler/retry_delay.ts";
import { Scheduler } from "../../scheduler/scheduler.ts";
import { copyChanged, type Edit } from "../_changed_copy.ts";

/** What decides when tasks run; of a mutant it is a changed copy. */
export interface SchedulerLibrary {
  readonly Scheduler: typeof Scheduler;
  readonly drive: typeof drive;
  readonly retryDelay: typeof retryDelay;
}

/** The scheduler as it is. */
export const GENUINE: SchedulerLibrary = { Scheduler, drive, retryDelay };

/** Makes a copy of the scheduler with changes, in a directory that is there already. */
export async function mutate(dir: string, edits: readonly Edit[]): Promise<SchedulerLibrary> {
  copyChanged(dir, ["scheduler"], edits);
  const [{ Scheduler }, { drive }, { retryDelay }] = await Promise.all([
    import(`file://${dir}/scheduler/scheduler.ts`),
    import(`file://${dir}/scheduler/drive.ts`),
    import(`file://${dir}/scheduler/retry_delay.ts`),
  ]);
  return { Scheduler, drive, retryDelay };
}
