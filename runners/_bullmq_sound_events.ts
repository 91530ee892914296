import type { BullEvents } from "./_bullmq_package.ts";

/** An event as a broker gives it: its id, then names and values in turn. Anybody may have put it there. */
type RawEvent = readonly [id: string, fields: readonly string[]];

/** The events of one queue, by what it is called there; nothing where there were none for a while. */
export type RawEvents =
  | readonly [readonly [name: string, events: readonly RawEvent[]]]
  | null
  | undefined;

/** What stands in the place of an event that is none: nobody listens to it. */
const UNSOUND = ["event", "lab:unsound"];
/** What BullMQ reads as JSON, by the name of the event. */
const JSON_FIELDS: ReadonlyMap<unknown, string> = new Map([
  ["progress", "data"],
  ["completed", "returnvalue"],
]);

/**
 * Has who listens to a queue go on past events that are none: BullMQ would hear nothing any more after the first, and
 * without a word. Gives what it was given.
 */
export function pastUnsound(events: BullEvents): BullEvents {
  const backend = events.getBackend?.();
  const read = backend?.readEvents?.bind(backend);
  // A later BullMQ may keep that to itself: then all is as without this.
  if (backend === undefined || read === undefined) return events;
  backend.readEvents = async (...args) => {
    const found = await read(...args);
    if (!found?.[0]) return found;
    const [[name, rows]] = found;
    // Each keeps its id, by which BullMQ knows where to go on.
    return [[name, rows.map(([id, fields]) => [id, isSound(fields) ? fields : UNSOUND])]];
  };
  return events;
}

function isSound(fields: readonly string[]): boolean {
  const valueOf = (name: string) => fields.findLast((_, at) => fields[at - 1] === name && at % 2);
  const event = valueOf("event");
  // By that name BullMQ tells of its own troubles.
  if (event === "error") return false;
  const field = JSON_FIELDS.get(event);
  return field === undefined || isJson(valueOf(field));
}

function isJson(text: string | undefined): boolean {
  try {
    JSON.parse(text!);
    return true;
  } catch {
    return false;
  }
}
