// The forms of what workers say. What runs in a worker may say what it likes, so that each message is looked
// at before it is used.
import { isPlainObject } from "../describe.ts";
import { type FromWorker, MAX_WINDOW } from "./_worker_protocol.ts";

/** Whether something is a message of a worker in a thread. */
export function isFromWorker(message: unknown): message is FromWorker {
  if (!isPlainObject(message)) return false;
  switch (message.kind) {
    case "report":
      return isReport(message);
    case "broken":
      return isError(message.error);
    case "ask":
      return isText(message.id);
    case "shares":
      return isText(message.id) && (message.value === undefined || isPacked(message.value));
    default:
      return false;
  }
}

/** Whether something tells of outcomes and logs. */
export function isReport(
  message: Record<string, unknown>,
): message is Record<string, unknown> & { outcomes: unknown[] } {
  return isListOf(message.logs, isLog) && isListOf(message.outcomes, isOutcome) &&
    isListOf(message.refused, isRefusal);
}

/** Whether something tells what became of a job. */
export function isOutcome(outcome: unknown): boolean {
  if (!isPlainObject(outcome) || !isPlace(outcome.place)) return false;
  switch (outcome.kind) {
    case "done":
      return isTime(outcome.start) && isTime(outcome.duration) && isTime(outcome.took) &&
        (outcome.value === undefined || isPacked(outcome.value));
    case "failed":
      return isError(outcome.error) &&
        (outcome.abandoned === undefined || typeof outcome.abandoned === "boolean");
    case "missing":
      return isListOf(outcome.ids, isText);
    default:
      return outcome.kind === "passed";
  }
}

function isLog(log: unknown): boolean {
  return isPlainObject(log) && (log.id === undefined || isText(log.id)) && isText(log.text) &&
    isTime(log.at) && ["debug", "info", "warn", "error"].includes(log.level as string);
}

function isRefusal(refusal: unknown): boolean {
  return isPlainObject(refusal) && isText(refusal.key) && isText(refusal.why);
}

function isPacked(value: unknown): boolean {
  return isPlainObject(value) &&
    ("plain" in value ? typeof value.plain !== "object" || value.plain === null : isBytes(value));
}

// What lies beside the document is in memory that threads share: it comes from threads only.
function isBytes({ cbor, apart }: Record<string, unknown>): boolean {
  return cbor instanceof Uint8Array && (apart === undefined ||
    (apart instanceof Map && [...apart.values()].every((part) => part instanceof Uint8Array)));
}

/** Whether something is an error on its way. */
export function isError(error: unknown): boolean {
  return isPlainObject(error) && isText(error.name) && isText(error.message) &&
    (error.stack === undefined || isText(error.stack)) &&
    (error.cause === undefined || isError(error.cause));
}

/** Whether something is a list of what has a form. */
export function isListOf(list: unknown, holds: (entry: unknown) => boolean): list is unknown[] {
  return Array.isArray(list) && list.every(holds);
}

/** Whether something is a text. */
export function isText(text: unknown): text is string {
  return typeof text === "string";
}

/** Whether something is the place of a job. */
export function isPlace(place: unknown): boolean {
  return Number.isInteger(place) && Number(place) >= 0 && Number(place) < MAX_WINDOW;
}

/** Whether something can be an amount of memory, or the like. */
export function isAmount(amount: unknown): boolean {
  return typeof amount === "number" && amount >= 0 && amount <= Number.MAX_SAFE_INTEGER;
}

/** Whether something is a time, or a length of time, in ms: what a Date can hold. */
export function isTime(ms: unknown): boolean {
  return typeof ms === "number" && ms >= 0 && ms <= 8.64e15;
}
