import * as v from "valibot";
import { RunnerError } from "../errors.ts";
import { definitionOf, type Task } from "../task.ts";
import { checkedTags } from "./_bullmq_queues.ts";

const SCHEMA = v.strictObject({
  priority: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 21 - 1))),
  tags: v.optional(v.array(v.string())),
  attempts: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  backoff: v.optional(
    v.union([
      v.pipe(v.number(), v.minValue(0)),
      v.strictObject({
        type: v.picklist(["fixed", "exponential"]),
        delay: v.pipe(v.number(), v.minValue(0)),
        jitter: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
      }),
    ]),
  ),
});

/** What `runnerOptions` of a type may say of a task, as `{ bullmq: { … } }`. */
export interface BullmqTaskOptions {
  /** Which tasks of the type go first: the lower; those without go before all others. @default {none} */
  readonly priority?: number;
  /** What a worker must have (`--tags`) to be given the task, in order. @default {[]} */
  readonly tags: readonly string[];
  /** How often the task is begun at most, where it fails, before the program hears of it. @default {1} */
  readonly attempts?: number;
  /** How long to wait between attempts, in ms, or how to find out. @default {0} */
  readonly backoff?: v.InferOutput<typeof SCHEMA>["backoff"];
}

/**
 * What a type says of how its task is queued.
 *
 * @throws {RunnerError} When it says something that is not known.
 */
export function taskOptions(task: Task): BullmqTaskOptions {
  const { runnerOptions } = definitionOf(task.type);
  const given = runnerOptions?.(task.params as never)?.bullmq;
  if (given === undefined) return { tags: [] };
  const { success, output, issues } = v.safeParse(SCHEMA, given);
  const where = `Task type ${task.taskName}: runnerOptions.bullmq`;
  if (!success) {
    const [issue] = issues;
    const path = v.getDotPath(issue);
    throw new RunnerError(`${where}${path === null ? "" : `.${path}`}: ${issue.message}`);
  }
  return { ...output, tags: checkedTags(output.tags ?? [], where) };
}
