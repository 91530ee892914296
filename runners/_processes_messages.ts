import { decode, encodeChunks, type Limits } from "../caches/cbor/mod.ts";
import { isPlainObject } from "../describe.ts";
import { MAX_MESSAGE } from "./_processes_frames.ts";
import {
  type FromWorker,
  MAX_WINDOW,
  type SetupMessage,
  type WorkMessage,
} from "./_worker_protocol.ts";

/** What the Lab sends to a child. */
export type ToChild =
  /** The first message. */
  | {
    readonly kind: "hello";
    /** What packets of the child begin with. */
    readonly marker: Uint8Array;
    /** How many bytes of memory tasks may take in all; `undefined` for no limit. */
    readonly memory: number | undefined;
  }
  | Omit<SetupMessage, "places" | "signing">
  | WorkMessage
  /** The Lab wants jobs back that have not begun. */
  | { readonly kind: "recall"; readonly places: readonly number[] }
  | { readonly kind: "abort" };

type Report = Extract<FromWorker, { kind: "report" }>;

/** What a child sends to the Lab. */
export type FromChild =
  /** It can take jobs. */
  | { readonly kind: "ready" }
  /** `begun` says when the job of each outcome began, in ms since the epoch. */
  | Report & { readonly begun: readonly number[] }
  | Extract<FromWorker, { kind: "broken" }>
  /** Jobs began, that take a while. */
  | { readonly kind: "begun"; readonly places: readonly number[]; readonly at: readonly number[] }
  /** Tasks that should have ended, and never yield. */
  | { readonly kind: "overdue"; readonly places: readonly number[] }
  /** What the task takes: see `TaskUsage`. */
  | {
    readonly kind: "usage";
    readonly place: number;
    readonly cpu: number;
    readonly memory: number;
  }
  /** Jobs that were asked for back are the Lab's again. */
  | { readonly kind: "taken"; readonly places: readonly number[] }
  /** It ends now, and why. */
  | { readonly kind: "ending"; readonly reason: string };

// What the Lab sends is its own; params may be nested as deep as params may, twice.
const ORDERS: Partial<Limits> = {
  maxBytes: MAX_MESSAGE,
  maxDepth: 2000,
  maxItems: 2 ** 31,
  maxReferences: 2 ** 31,
};
const ANSWERS: Partial<Limits> = { maxBytes: MAX_MESSAGE };

/** Writes a message to a child. */
export function encodeOrder(message: ToChild): Uint8Array[] {
  return encodeChunks(message, { limits: ORDERS, root: "message" });
}

/** Reads a message from the Lab. */
export function decodeOrder(bytes: Uint8Array): ToChild {
  return decode(bytes, { limits: ORDERS }) as ToChild;
}

/** Writes a message to the Lab. */
export function encodeAnswer(message: FromChild): Uint8Array[] {
  return encodeChunks(message, { limits: ANSWERS, root: "message" });
}

/**
 * Reads a message of a child, which may be hostile.
 *
 * @throws {Error} When it is none.
 */
export function decodeAnswer(bytes: Uint8Array): FromChild {
  const message = decode(bytes, { limits: ANSWERS });
  if (!isAnswer(message)) throw new TypeError("a message is not of any known form");
  return message;
}

function isAnswer(message: unknown): message is FromChild {
  if (!isPlainObject(message)) return false;
  switch (message.kind) {
    case "ready":
      return true;
    case "report":
      return isListOf(message.logs, isLog) && isListOf(message.outcomes, isOutcome) &&
        isListOf(message.refused, isRefusal) && isListOf(message.begun, isTime) &&
        message.begun.length === message.outcomes.length;
    case "broken":
      return isError(message.error);
    case "begun":
      return isListOf(message.places, isPlace) && isListOf(message.at, isTime) &&
        message.at.length === message.places.length;
    case "overdue":
    case "taken":
      return isListOf(message.places, isPlace);
    case "usage":
      return isPlace(message.place) && isAmount(message.cpu) && isAmount(message.memory);
    case "ending":
      return isText(message.reason);
    default:
      return false;
  }
}

function isOutcome(outcome: unknown): boolean {
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

function isBytes({ cbor }: Record<string, unknown>): boolean {
  return cbor instanceof Uint8Array;
}

function isError(error: unknown): boolean {
  return isPlainObject(error) && isText(error.name) && isText(error.message) &&
    (error.stack === undefined || isText(error.stack)) &&
    (error.cause === undefined || isError(error.cause));
}

function isListOf(list: unknown, holds: (entry: unknown) => boolean): list is unknown[] {
  return Array.isArray(list) && list.every(holds);
}

function isText(text: unknown): text is string {
  return typeof text === "string";
}

function isPlace(place: unknown): boolean {
  return Number.isInteger(place) && Number(place) >= 0 && Number(place) < MAX_WINDOW;
}

function isAmount(amount: unknown): boolean {
  return typeof amount === "number" && amount >= 0 && amount <= Number.MAX_SAFE_INTEGER;
}

// What a Date can hold, as do all times and lengths of time in ms.
function isTime(ms: unknown): boolean {
  return typeof ms === "number" && ms >= 0 && ms <= 8.64e15;
}
