import { type Fates, MOST_ADDS } from "./_bullmq_fates.ts";
import type { Grouping } from "./_bullmq_grouping.ts";
import { groupId, groupPayloadOf } from "./_bullmq_group_payload.ts";
import { type Progress, readProgress, readReturnedGroup } from "./_bullmq_messages.ts";
import type { BullEvent, BullJob } from "./_bullmq_package.ts";
import type { Pending, Queued } from "./_bullmq_pending.ts";
import { jobOptions, type OpenQueue, type QueueEventName } from "./_bullmq_queue.ts";
import type { Outcome } from "./runner.ts";

/** Several tasks that travel in one job. */
export interface Group extends Queued {
  /** By their place in the job; `undefined` for those that do not travel in it any more. */
  readonly members: (Pending | undefined)[];
}

/** What groups are followed with. */
export interface GroupsOptions {
  readonly fates: Fates;
  readonly grouping: Pick<Grouping, "doubt" | "giveUp">;
  /** Adds a task to its queue, by itself. */
  readonly add: (pending: Pending) => void;
  /** Adds a job to its queue, once more. */
  readonly addAgain: (group: Group) => void;
  readonly queueOf: (queued: Queued) => Promise<OpenQueue>;
}

/** The jobs of a run that carry several tasks, and what becomes of these. What goes wrong with one goes on alone. */
export class Groups {
  readonly #options: GroupsOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** All of them. */
  get all(): Iterable<Group> {
    return this.#groups.values();
  }

  /** The one of an id. */
  get(id: string): Group | undefined {
    return this.#groups.get(id);
  }

  /** Whether a job is not over. */
  isPending(group: Queued): boolean {
    return this.#groups.get(group.options.jobId) === group;
  }

  /** Has tasks travel together that are of one queue, and alike. */
  form(tasks: readonly Pending[]): Group {
    const [{ type, queue, options: { priority } }] = tasks as [Pending];
    const id = groupId(tasks.length);
    const group = {
      ...{ type, queue, members: [...tasks] },
      payload: groupPayloadOf(tasks.map(({ payload }) => payload)),
      options: { ...(priority !== undefined && { priority }), ...jobOptions(id) },
      ...{ since: performance.now(), adds: 0, announced: false, dropping: false },
    };
    for (const task of tasks) {
      task.group = group;
      task.adds++;
    }
    this.#groups.set(id, group);
    return group;
  }

  /** Something happened to one. */
  heard(group: Group, event: QueueEventName, args: BullEvent): void {
    group.since = performance.now();
    switch (event) {
      case "active":
        // Tasks begin one after the other; each is told with what else is told of it.
        group.announced = true;
        return;
      case "progress":
        return this.#progress(group, readProgress(args.data));
      case "completed":
        return this.#complete(group, args.returnvalue);
      case "failed":
        return this.#fail(group);
      case "stalled":
        this.#options.grouping.doubt(group.queue);
        return this.#options.fates.warn(
          `${
            travelling(group).length
          } tasks of ${group.type.taskName} lost their worker, and go to another one`,
        );
      case "removed":
        if (!group.dropping) this.#split(group);
    }
  }

  /** It is in the queue; how it ended may have been told while nobody heard. */
  found(group: Group, job: BullJob): void {
    const { processedOn, finishedOn, failedReason, returnvalue, progress } = job;
    if (processedOn !== undefined) group.announced = true;
    if (finishedOn === undefined) this.#release(group, readProgress(progress));
    else if (failedReason) this.#fail(group);
    else this.#complete(group, returnvalue);
  }

  /** It is not in the queue: its tasks are done, the broker lost it, or it is not there yet. */
  async vanished(group: Group): Promise<void> {
    const { fates, addAgain } = this.#options;
    await Promise.all(travelling(group).map((each) => fates.lookFor(each)));
    if (!this.isPending(group)) return;
    const isOver = !travelling(group).some((each) => fates.isPending(each));
    // Where it is on its way, as the broker was away, it must not be there twice, by another name.
    if (isOver || group.announced || group.adds >= MOST_ADDS) this.#split(group);
    else addAgain(group);
  }

  /** It is in no queue, and its tasks are over. */
  settle(group: Group, outcome: Outcome): void {
    for (const each of this.#takeOut(group)) this.#options.fates.settle(each, outcome);
  }

  #progress(group: Group, progress: Progress | undefined): void {
    if (progress === undefined) return;
    this.#release(group, progress);
    const { at } = progress;
    const about = at === undefined ? travelling(group) : [group.members[at]];
    for (const member of about) {
      // Of all at once it is told but that they run.
      if (member === undefined || (at === undefined && progress.kind !== "runs")) continue;
      this.#options.fates.progress(member, progress);
    }
  }

  /** Tasks that the worker leaves to others, as one that travels with them takes long. */
  #release(group: Group, progress: Progress | undefined): void {
    const left = (progress?.released ?? []).flatMap((at) => {
      const member = group.members[at];
      group.members[at] = undefined;
      return member ?? [];
    });
    if (left.length === 0) return;
    this.#options.grouping.doubt(group.queue);
    this.#alone(left);
  }

  #complete(group: Group, value: unknown): void {
    const { members } = group;
    const rows = readReturnedGroup(value, members.length);
    if (rows === undefined) return this.#split(group);
    const left = rows.flatMap((row, at) => {
      const member = members[at];
      if (member === undefined) return [];
      if (row.kind === "left") return member;
      if (row.kind === "failed") {
        const { worker, host, error } = row;
        member.payload = { ...member.payload, failure: { worker, host, error } };
        return member;
      }
      member.group = undefined;
      this.#options.fates.complete(member, row);
      return [];
    });
    this.#groups.delete(group.options.jobId);
    this.#alone(left);
  }

  /** It lost its worker too often, or is of no use to the workers that there are. */
  #fail(group: Group): void {
    const { grouping, queueOf } = this.#options;
    grouping.giveUp(group.queue);
    this.#split(group);
    const { jobId } = group.options;
    // What failed is kept for people to see; its tasks are seen by themselves.
    queueOf(group).then(({ queue }) => queue.remove(jobId)).catch(() => {});
  }

  #split(group: Group): void {
    this.#alone(this.#takeOut(group));
  }

  #takeOut(group: Group): Pending[] {
    this.#groups.delete(group.options.jobId);
    const members = travelling(group);
    for (const member of members) member.group = undefined;
    return members;
  }

  /** Adds tasks by themselves. They had their turn, so that they are the next ones. */
  #alone(tasks: readonly Pending[]): void {
    for (const task of tasks.toReversed()) {
      task.group = undefined;
      if (!this.#options.fates.isPending(task)) continue;
      if (task.options.priority === undefined) task.options = { ...task.options, lifo: true };
      this.#options.add(task);
    }
  }
}

function travelling({ members }: Group): Pending[] {
  return members.filter((member) => member !== undefined);
}
