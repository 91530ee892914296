import { isPlainObject } from "../describe.ts";
import { type BrokerLink, EVENTS } from "./_bullmq_link.ts";
import type { BullEvent } from "./_bullmq_package.ts";

/** Told to all workers by a run that is stopped. */
const CANCEL = "lab:cancel";
/** No event names more jobs. */
const BATCH = 500;

/** What is told: jobs that a run asked for, and has no use of any more. */
export interface Cancelled {
  readonly run: string;
  readonly ids: readonly string[];
}

/** Tells all workers. `base` is what the names of all queues begin with. */
export async function cancel(
  link: BrokerLink,
  base: string,
  { run, ids }: Cancelled,
): Promise<void> {
  const producer = link.producer(base);
  for (let at = 0; at < ids.length; at += BATCH) {
    const some = JSON.stringify(ids.slice(at, at + BATCH));
    await producer.publishEvent({ eventName: CANCEL, run, ids: some }, EVENTS);
  }
}

/** Is told of what runs have no use of any more. */
export function onCancel(link: BrokerLink, base: string, told: (what: Cancelled) => void): void {
  link.events(base).on(CANCEL, (event) => {
    const cancelled = readCancelled(event);
    if (cancelled !== undefined) told(cancelled);
  });
}

function readCancelled(event: BullEvent): Cancelled | undefined {
  if (!isPlainObject(event) || typeof event.run !== "string") return undefined;
  try {
    const ids: unknown = JSON.parse(String(event.ids));
    if (Array.isArray(ids)) return { run: event.run, ids: ids.map(String) };
  } catch {
    // not of this library
  }
}
