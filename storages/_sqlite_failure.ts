import { dirname } from "@std/path/dirname";
import { StorageError } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";
import type { SqlitePlace } from "./_sqlite_file.ts";

// Primary result codes of SQLite: https://www.sqlite.org/rescode.html
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const NOTADB = 26;

/** Whether a call failed because another one holds the database; it may be tried again. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

/** Gives what a failed call means to the user of a database, with what to do. */
export function sqliteFailure(
  { file, permissions }: SqlitePlace,
  doing: string,
  error: unknown,
): unknown {
  if (!(error instanceof Error) || error instanceof StorageError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    const flags = permissionFlags(permissions).map((flag) =>
      /^[\w./\\:,=~-]*$/.test(flag) ? flag : `"${flag}"`
    );
    const text = `Cannot ${doing}: the program may not use the storage "${file}"; ` +
      `run with ${flags.join(" ")}`;
    return new StorageError(text, { cause: error });
  }
  if (typeof (error as { code?: unknown }).code !== "string") return error;
  const remedy = remedyOf(file, error);
  const text = `Cannot ${doing} in the storage "${file}": ${error.message}`;
  return new StorageError(remedy ? `${text}; ${remedy}` : text, { cause: error });
}

/** The error for a folder that is missing, and that the program may not make. */
export function missingFolder(file: string, cause: unknown): StorageError {
  return new StorageError(
    `There is no folder for the storage "${file}", and the program may not make it; make ` +
      `"${dirname(file)}", or run with --allow-write for it`,
    { cause },
  );
}

function remedyOf(file: string, error: Error): string | undefined {
  switch (resultCode(error)) {
    case BUSY:
    case LOCKED:
      return "another program has been writing to it for a minute: end that, or try again";
    case READONLY:
      return "make the file and its folder writable, or choose another file";
    case FULL:
      return "free some space, or choose another file";
    case CORRUPT:
    case NOTADB:
      return `the file is damaged: save what can be by \`sqlite3 "${file}" .recover\`, or remove it`;
  }
  if (/unable to open/.test(error.message)) {
    return "make the file and its folder readable and writable, or choose another file";
  }
  return undefined;
}

function resultCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}
