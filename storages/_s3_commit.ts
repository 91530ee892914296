import { StorageError } from "../errors.ts";
import type { Doing, S3Bucket } from "./_s3_bucket.ts";
import { isAnswer, isRefusal } from "./_s3_failure.ts";
import { findRecord, type FoundRecord, removeData } from "./_s3_found.ts";
import { locationOf, recordOf } from "./_s3_place.ts";
import { encodeRecord, RECORD_LIMIT, type S3Record } from "./_s3_record.ts";

/** How often in a row others may be faster. */
const TRIES = 1000;
/** The longest time between two tries, in ms. */
const LONGEST_WAIT = 100;

/** An entry that is to appear. */
export interface Publication {
  /** Its record. */
  readonly record: S3Record;
  /** Aborts the commit. */
  readonly signal?: AbortSignal;
  /**
   * Is asked before each attempt whether the record may be put, in the place of one that is there or not;
   * rejects where it may not.
   */
  readonly permit?: (replaces: boolean) => Promise<void>;
  /** Is told, before and after each call, whether the record may be in place now. */
  readonly note: (mayBeInPlace: boolean) => void;
}

/**
 * Puts a record in place of the one that is there, which is the commit, and removes the data of exactly
 * that one. The record goes by a conditional PUT: only where there is none, or still the one that was
 * seen. So no two savers replace the same entry, and each removes what only it replaced.
 */
export async function publish(bucket: S3Bucket, publication: Publication): Promise<void> {
  const { record, signal } = publication;
  const doing = { doing: `save "${record.key}"`, signal };
  const bytes = encodeRecord(record);
  if (bytes.length > RECORD_LIMIT) {
    throw new StorageError(
      `The entry "${record.key}" has too many files: its record has ${bytes.length} bytes, and ` +
        `${RECORD_LIMIT} is the most`,
    );
  }
  let earlier: FoundRecord | undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    await publication.permit?.(earlier !== undefined);
    const outcome = await putRecord(bucket, { ...publication, bytes, earlier }, doing);
    if (outcome === "done") return await removeData(bucket, earlier?.record);
    const replaced = earlier;
    earlier = await findRecord(bucket, record.key, doing);
    if (outcome === "unclear") {
      // The answer to an earlier try was lost, and the record had been put.
      if (earlier?.record?.generation === record.generation) {
        return await removeData(bucket, replaced?.record);
      }
      mustBeSelfContained(record);
    } else if (tries > 0) await pause(tries, signal);
  }
  throw new StorageError(`Cannot ${doing.doing}: others save this key all the time; try again`);
}

async function putRecord(
  bucket: S3Bucket,
  { record, bytes, earlier, note }: Publication & {
    readonly bytes: Uint8Array;
    readonly earlier: FoundRecord | undefined;
  },
  doing: Doing,
): Promise<"done" | "stale" | "unclear"> {
  const condition = earlier ? { IfMatch: earlier.etag } : { IfNoneMatch: "*" };
  const input = { Key: recordOf(bucket.place, record.key), Body: bytes, ...condition };
  doing.signal?.throwIfAborted();
  note(true);
  try {
    await bucket.sendAfresh("PutObjectCommand", input, doing);
    return "done";
  } catch (error) {
    const isRefused = isRefusal(error);
    if (isRefused) note(false);
    if (isAnswer(error, 412, 409) || (earlier && isAnswer(error, "NoSuchKey"))) {
      return isRefused ? "stale" : "unclear";
    }
    if (isAnswer(error, 501)) throw withoutConditions(bucket, error);
    throw bucket.failure(doing, error);
  }
}

/**
 * Refuses to put a record once more that may have been in place, and replaced since: then its data is
 * being removed by whoever replaced it. One that holds all its files may be put as often as need be.
 */
function mustBeSelfContained({ key, files }: S3Record): void {
  if (files.every(({ object }) => object === undefined)) return;
  throw new StorageError(
    `Cannot save "${key}": the network failed while others saved it too, and nothing tells whether ` +
      `they replaced it; save it again`,
  );
}

/** What a server is refused by that would let two writers have one place. */
export function withoutConditions({ place }: S3Bucket, cause: unknown): StorageError {
  return new StorageError(
    `The server of "${locationOf(place, place.prefix)}" knows no conditional PUT (If-Match and ` +
      `If-None-Match), which this storage needs; update it, or choose another one`,
    { cause: new Error((cause as Error).message) },
  );
}

/** Waits at random, so that two who met do not meet again. */
function pause(tries: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, Math.random() * Math.min(10 * tries, LONGEST_WAIT));
    signal?.addEventListener("abort", stop, { once: true });
  });
}
