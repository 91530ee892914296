import { SerializationError } from "../errors.ts";

/**
 * Sees to it that a file is not larger than any that is written, before it is read.
 *
 * @throws {SerializationError} When it is.
 */
export function checkSize(file: string, bytes: number | undefined, limit: number): void {
  if (bytes === undefined || bytes <= limit) return;
  throw new SerializationError(`${file} has ${bytes} bytes, and ${limit} is the most`);
}
