import { StorageError } from "../errors.ts";
import type { Call, Draft, Entry } from "./storage.ts";

/** Files that are no larger are read whole, in bytes. */
const SMALL = 2 ** 20;

/** That the source of a copy failed, not the place that it was to go to. */
export class SourceFailure extends Error {
  /** The class, as text. */
  override readonly name = "SourceFailure";
}

/**
 * Writes all files of an entry to a draft.
 *
 * @throws {SourceFailure} When the entry cannot be read, or is not as long as it says.
 */
export async function copyFiles(entry: Entry, draft: Draft, call?: Call): Promise<void> {
  for (const [file, size] of entry.files) {
    const data = size <= SMALL
      ? await sourceOf(() => entry.read(file, call), call)
      : counted(await sourceOf(() => entry.stream(file, call), call), { file, size, ...call });
    if (data instanceof Uint8Array && data.length !== size) throw notAsLong(file);
    await draft.write(file, data, call);
  }
}

async function sourceOf<T>(read: () => Promise<T>, call?: Call): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    call?.signal?.throwIfAborted();
    throw new SourceFailure("The source of a copy cannot be read", { cause });
  }
}

/** Passes a stream on, and fails it where it is not as long as it should be. */
function counted(
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  { file, size, ...call }: Call & { readonly file: string; readonly size: number },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = source.getReader();
  let count = 0;
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await sourceOf(() => reader.read(), call);
      count += value?.length ?? 0;
      if (count > size || (done && count < size)) {
        reader.cancel().catch(() => {});
        throw notAsLong(file);
      }
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function notAsLong(file: string): SourceFailure {
  const cause = new StorageError(`"${file}" is not as long as its entry says`);
  return new SourceFailure("The source of a copy cannot be read", { cause });
}
