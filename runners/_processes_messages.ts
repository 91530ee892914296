import { decode, encodeChunks, type Limits } from "../caches/cbor/mod.ts";
import { isPlainObject } from "../describe.ts";
import {
  isAmount,
  isError,
  isListOf,
  isPlace,
  isReport,
  isText,
  isTime,
} from "./_message_forms.ts";
import { MAX_MESSAGE } from "./_processes_frames.ts";
import type { FromWorker, SetupMessage, WorkMessage } from "./_worker_protocol.ts";

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
      return isReport(message) && isListOf(message.begun, isTime) &&
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
