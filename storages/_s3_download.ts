import { StorageError } from "../errors.ts";
import type { Doing, S3Bucket } from "./_s3_bucket.ts";

/** How often in a row a connection may break without a byte. */
const TRIES = 3;

/** An object that is to be read whole. */
export interface Wanted {
  /** Its name. */
  readonly name: string;
  /** Its size, in bytes. */
  readonly bytes: number;
}

/**
 * Reads an object piece by piece. Where the connection breaks midway, reading goes on where it was;
 * objects with data are never written twice, so that the rest is of the same.
 *
 * @throws {StorageError} When the object is gone or of another size, or the network stays away.
 */
export async function* download(
  bucket: S3Bucket,
  { name, bytes }: Wanted,
  doing: Doing,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const { signal } = doing;
  for (let at = 0, failures = 0; at < bytes;) {
    const start = at;
    const found = await bucket.get(name, doing, at);
    if (found?.bytes !== bytes - at) throw new GoneError(doing);
    const reader = found.body.transformToWebStream().getReader();
    const stop = () => void reader.cancel().catch(() => {});
    signal?.addEventListener("abort", stop, { once: true });
    let problem: unknown = new StorageError(`Cannot ${doing.doing}: the answer broke off`);
    try {
      for (let next; !(next = await reader.read()).done;) {
        signal?.throwIfAborted();
        at += next.value.length;
        yield next.value;
      }
    } catch (error) {
      problem = error;
    } finally {
      signal?.removeEventListener("abort", stop);
      if (at < bytes) await reader.cancel().catch(() => {});
    }
    signal?.throwIfAborted();
    failures = at > start ? 0 : failures + 1;
    if (failures === TRIES) throw bucket.failure(doing, problem);
  }
}

/** Reads an object whole. */
export async function downloadWhole(
  bucket: S3Bucket,
  wanted: Wanted,
  doing: Doing,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = allocate(wanted);
  let at = 0;
  for await (const piece of download(bucket, wanted, doing)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** What an entry was opened with is no longer there. */
class GoneError extends StorageError {
  constructor({ doing }: Doing) {
    super(`Cannot ${doing}: the entry was replaced or removed since it was opened; open it again`);
  }
}

function allocate({ name, bytes }: Wanted): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new StorageError(`"${name}" of ${bytes} bytes is too large to be read whole; stream it`, {
      cause,
    });
  }
}
