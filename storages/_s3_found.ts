import type { Doing, S3Bucket } from "./_s3_bucket.ts";
import { objectOf } from "./_s3_entry.ts";
import { recordOf } from "./_s3_place.ts";
import { decodeRecord, RECORD_LIMIT, type S3Record } from "./_s3_record.ts";

/** What lies where the record of a key should. */
export interface FoundRecord {
  /** What tells it from those before and after it. */
  readonly etag: string;
  /** What it says; left out where it is damaged, or none. */
  readonly record?: S3Record;
  /** Its bytes; left out where it is too long to be a record. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** When it was put there. */
  readonly since?: Date;
}

/** How often a record is asked for whose connection breaks midway. */
const TRIES = 3;

/** Looks for the record of a key, by one GET. */
export async function findRecord(
  bucket: S3Bucket,
  key: string,
  doing: Doing,
): Promise<FoundRecord | undefined> {
  for (let tries = 1;; tries++) {
    const found = await bucket.get(recordOf(bucket.place, key), doing);
    if (!found) return undefined;
    const { etag, since, body } = found;
    if (found.bytes > RECORD_LIMIT) {
      await body.transformToWebStream().cancel();
      return { etag, since };
    }
    try {
      const bytes = await body.transformToByteArray();
      doing.signal?.throwIfAborted();
      const isWhole = bytes.length === found.bytes;
      if (isWhole) return { etag, since, bytes, record: decodeRecord(key, bytes) };
      throw new Error(`${bytes.length} bytes of ${found.bytes} came`);
    } catch (error) {
      doing.signal?.throwIfAborted();
      if (tries === TRIES) throw bucket.failure(doing, error);
    }
  }
}

/** Removes the data of an entry that is no more. What cannot be removed now is found as a leftover. */
export async function removeData(bucket: S3Bucket, record: S3Record | undefined): Promise<void> {
  if (!record) return;
  const doing = { doing: `remove the data of "${record.key}"` };
  const names = record.files.flatMap((file) => objectOf(bucket, record, file) ?? []);
  await Promise.allSettled(names.map((name) => bucket.delete(name, doing)));
}
