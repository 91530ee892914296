import { StorageError } from "../errors.ts";
import type { Doing, S3Bucket } from "./_s3_bucket.ts";
import { isAnswer } from "./_s3_failure.ts";

/** How large a part is, in bytes. Cloudflare R2 wants all parts but the last to have one size. */
export const PART = 16 * 2 ** 20;
/** How many parts an object may have: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PARTS = 10_000;
/** How many parts are on their way at once. With the one that fills up, they are what is in memory. */
const AT_ONCE = 3;

/** A large object on its way to the bucket, part by part. Nobody sees it before it is complete. */
export class MultipartUpload {
  readonly #bucket: S3Bucket;
  readonly #name: string;
  readonly #doing: Doing;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #underWay = new Set<Promise<void>>();
  readonly #parts: { readonly PartNumber: number; readonly ETag?: string }[] = [];
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #id?: string;
  #failure?: unknown;
  #bytes = 0;
  #count = 0;

  /** Speaks of an object; nothing is sent before the first part. */
  constructor(bucket: S3Bucket, name: string, doing: Doing) {
    this.#bucket = bucket;
    this.#name = name;
    this.#doing = doing;
    const stop = this.#stop.signal;
    this.#signal = doing.signal ? AbortSignal.any([doing.signal, stop]) : stop;
  }

  /** How many bytes were taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sends a copy of a part; resolves when the part may be overwritten, and there is room for the next. */
  async takeCopy(part: Uint8Array): Promise<void> {
    const buffer = this.#spare.pop() ?? new Uint8Array(PART);
    buffer.set(part);
    await this.take(buffer.subarray(0, part.length), () => this.#spare.push(buffer));
  }

  /** Sends a part, which must stay as it is until `after` is called or the upload has ended. */
  async take(part: Uint8Array, after?: () => void): Promise<void> {
    if (++this.#count > PARTS) {
      throw new StorageError(
        `Cannot ${this.#doing.doing}: no object has more than ${PARTS * PART} bytes here`,
      );
    }
    const number = this.#count;
    this.#bytes += part.length;
    await (this.#id ? undefined : this.#begin());
    const sent = this.#send(part, number).then(after, (error) => {
      this.#failure ??= error;
      this.#stop.abort();
    });
    this.#underWay.add(sent);
    sent.then(() => this.#underWay.delete(sent));
    if (this.#underWay.size >= AT_ONCE) await Promise.race(this.#underWay);
    this.#throwIfFailed();
  }

  /** Makes the object appear. */
  async complete(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#throwIfFailed();
    const Parts = this.#parts.toSorted((one, other) => one.PartNumber - other.PartNumber);
    const input = { ...this.#target, MultipartUpload: { Parts } };
    try {
      await this.#bucket.send("CompleteMultipartUploadCommand", input, this.#doing);
    } catch (error) {
      // Where the answer to an earlier try was lost, the upload is none any more, but the object is there.
      const isOver = isAnswer(error, "NoSuchUpload");
      if (!isOver || !await this.#isThere()) throw this.#bucket.failure(this.#doing, error);
    }
    this.#id = undefined;
  }

  /** Ends an upload that is not complete. What cannot be told to the server is left for its removal. */
  async abort(): Promise<void> {
    this.#stop.abort();
    // A part that comes after the abort would stay.
    await Promise.all(this.#underWay);
    if (!this.#id) return;
    const doing = { doing: this.#doing.doing };
    await this.#bucket.send("AbortMultipartUploadCommand", this.#target, doing).catch(() => {});
  }

  get #target(): { readonly Key: string; readonly UploadId?: string } {
    return { Key: this.#name, UploadId: this.#id };
  }

  async #begin(): Promise<void> {
    try {
      const input = { Key: this.#name };
      const begun = await this.#bucket.send("CreateMultipartUploadCommand", input, this.#doing);
      this.#id = begun.UploadId;
    } catch (error) {
      throw this.#bucket.failure(this.#doing, error);
    }
  }

  async #send(part: Uint8Array, number: number): Promise<void> {
    const input = { ...this.#target, PartNumber: number, Body: part };
    const doing = { ...this.#doing, signal: this.#signal };
    const { ETag } = await this.#bucket.send("UploadPartCommand", input, doing);
    this.#parts.push({ PartNumber: number, ETag });
  }

  #throwIfFailed(): void {
    this.#doing.signal?.throwIfAborted();
    if (this.#failure) throw this.#bucket.failure(this.#doing, this.#failure);
  }

  async #isThere(): Promise<boolean> {
    const { objects } = await this.#bucket.list(this.#name, this.#doing);
    return objects.some(({ name, bytes }) => name === this.#name && bytes === this.#bytes);
  }
}
