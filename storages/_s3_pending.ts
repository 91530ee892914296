import type { Doing, S3Bucket } from "./_s3_bucket.ts";
import { isAnswer } from "./_s3_failure.ts";
import type { S3Answer } from "./_s3_sdk.ts";

/** A multipart upload that is neither complete nor aborted. */
export interface PendingUpload {
  /** The name of the object that it would make. */
  readonly name: string;
  /** What tells it from other uploads of the name. */
  readonly id: string;
  /** When it began. */
  readonly begun: Date;
}

/** Gives the uploads to names that begin so. */
export async function* findUploads(
  bucket: S3Bucket,
  prefix: string,
  doing: Doing,
): AsyncGenerator<PendingUpload> {
  for (let markers = {};;) {
    const input = { Prefix: prefix, ...markers };
    const page = await askUnlessOver(bucket, "ListMultipartUploadsCommand", input, doing);
    if (!page) return;
    for (const { Key = "", UploadId = "", Initiated = new Date() } of page.Uploads ?? []) {
      yield { name: Key, id: UploadId, begun: Initiated };
      doing.signal?.throwIfAborted();
    }
    if (!page.IsTruncated) return;
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}

/** Gives how much of an upload is there, and when the last of it came; `undefined` when it is over. */
export async function partsOf(
  bucket: S3Bucket,
  { name, id, begun }: PendingUpload,
  doing: Doing,
): Promise<{ readonly bytes: number; readonly since: Date } | undefined> {
  let [bytes, since] = [0, begun];
  let marker: string | undefined;
  for (;;) {
    const input = { Key: name, UploadId: id, PartNumberMarker: marker };
    const page = await askUnlessOver(bucket, "ListPartsCommand", input, doing);
    if (!page) return undefined;
    for (const { Size = 0, LastModified } of page.Parts ?? []) {
      bytes += Size;
      if (LastModified && LastModified > since) since = LastModified;
    }
    if (!page.IsTruncated) return { bytes, since };
    marker = page.NextPartNumberMarker;
  }
}

/** Ends an upload, and removes what is there of it. */
export async function abortUpload(
  bucket: S3Bucket,
  { name, id }: PendingUpload,
  doing: Doing,
): Promise<void> {
  await askUnlessOver(bucket, "AbortMultipartUploadCommand", { Key: name, UploadId: id }, doing);
}

/** Makes a call; `undefined` where the upload that it is about is over. */
async function askUnlessOver(
  bucket: S3Bucket,
  command: Parameters<S3Bucket["send"]>[0],
  input: Readonly<Record<string, unknown>>,
  doing: Doing,
): Promise<S3Answer | undefined> {
  try {
    return await bucket.send(command, input, doing);
  } catch (error) {
    if (isAnswer(error, "NoSuchUpload")) return undefined;
    throw bucket.failure(doing, error);
  }
}
