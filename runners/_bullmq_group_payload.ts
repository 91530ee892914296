import { isPlainObject } from "../describe.ts";
import { MOST_TOGETHER } from "./_bullmq_messages.ts";
import { FORMAT, MOST_BYTES, noJob, type Payload, type ReadPayload } from "./_bullmq_payload.ts";
import { readPayload } from "./_bullmq_payload.ts";

/** What the queue carries of several tasks of a run that travel in one job. */
export interface GroupPayload extends Pick<Payload, "format" | "run" | "context"> {
  /** What is each one's own. */
  readonly group: readonly Pick<Payload, "key" | "table">[];
}

/** So many UTF-16 code units are not too large for a job: none takes more than three bytes. */
export const MOST_UNITS = Math.floor(MOST_BYTES / 3);

// Keys of results have no dots, so that no group is taken for a task.
const ID = /^group\.(\d{1,2})\.[0-9a-f-]{36}$/;

/** The id of a new job of so many tasks: whoever counts what is in a queue need not look into it. */
export function groupId(size: number): string {
  return `group.${size}.${crypto.randomUUID()}`;
}

/** How many tasks a job carries, by its id, which anybody may have made. */
export function sizeOf(id: string): number {
  const size = Number(ID.exec(id)?.[1] ?? 1);
  return size <= MOST_TOGETHER ? size : 1;
}

/** Puts what the queue carries of several tasks together; they are of one run, and have the same context. */
export function groupPayloadOf(payloads: readonly Payload[]): GroupPayload {
  const [{ run, context }] = payloads as [Payload];
  return {
    ...{ format: FORMAT, run },
    ...(context !== undefined && { context }),
    group: payloads.map(({ key, table }) => ({ key, table })),
  };
}

/** Whether a job says that it carries several tasks. */
export function isGroup(data: unknown): boolean {
  return isPlainObject(data) && data.group !== undefined;
}

/**
 * Reads what a queue carries of several tasks, which anybody may have put there. The tasks are not looked at yet.
 *
 * @throws {RunnerError} When it is no job of this library.
 */
export function readGroup(data: unknown): ReadPayload[] {
  const { format, run, context, group } = Object(data);
  if (!Array.isArray(group) || group.length < 1 || group.length > MOST_TOGETHER) throw noJob();
  const [first, ...others] = group.map((each) => {
    const { key, table } = Object(each);
    return { format, run, key, table };
  });
  // The context is the same for all, and read once.
  const read = readPayload({ ...first, context });
  const rest = others.map((each) => ({ ...readPayload(each), context: read.context }));
  if (new Set([read, ...rest].map(({ key }) => key)).size < group.length) throw noJob();
  return [read, ...rest];
}
