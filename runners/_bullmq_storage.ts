import { RunnerError } from "../errors.ts";
import type { Storage } from "../storages/storage.ts";

/**
 * Refuses a storage that other machines cannot see: results go through it.
 *
 * @param isTold Whether the options of the runner say that they do see it.
 * @throws {RunnerError} When there is none, or it is one of this machine alone, or cannot tell.
 */
export function refuseStorage(storage: Storage | null, isTold: boolean): asserts storage {
  if (storage === null) {
    throw new RunnerError(
      'The runner "bullmq" hands results over by the storage, and the storage is null; name one that all ' +
        "machines see: s3, redis, or a directory on a network file system",
    );
  }
  const { reach } = storage;
  if (reach === "machines" || (reach === undefined && isTold)) return;
  const type = storage.spec?.type;
  const name = type === undefined ? storage.constructor.name : `"${type}"`;
  if (reach === undefined) {
    throw new RunnerError(
      `The storage ${name} does not tell whether other machines see it, as the runner "bullmq" needs; ` +
        "where they do, say so by its option sharedStorage: true",
    );
  }
  const hint = type === "local"
    ? "where the directory is one that all machines see, say so by shared: true of the storage; else take"
    : "take";
  const whose = reach === "program" ? "this program" : "this machine";
  throw new RunnerError(
    `The storage ${name} is one of ${whose} alone, and the runner "bullmq" hands results over by it; ` +
      `${hint} s3, redis, or a directory on a network file system`,
  );
}
