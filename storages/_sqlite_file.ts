import { dirname } from "@std/path/dirname";
import { StorageError } from "../errors.ts";
import { look } from "./_local_files.ts";
import { networkOf } from "./_network.ts";
import { APPLICATION_ID, foreign, newer, SCHEMA_VERSION } from "./_sqlite_schema.ts";

/** Where a database lies. */
export interface SqlitePlace {
  /** The absolute path of the file. */
  readonly file: string;
  /** The paths of the files that SQLite may keep beside it. */
  readonly beside: readonly string[];
  /** The path of the folder with a file for each key that somebody claims. */
  readonly claims: string;
  /** What the program needs to use it. */
  readonly permissions: Deno.PermissionOptionsObject;
}

const MAGIC = "SQLite format 3\0";
const HEADER = 100;

/**
 * Gives what tells a database file from another one in its place; `undefined` where there is none, or
 * an empty one, which SQLite takes for none. Nothing is opened.
 *
 * @throws {StorageError} When the file, or one that SQLite keeps beside it, is a link, a directory, a
 *   device or has a second name.
 */
export function findFile({ file, beside }: SqlitePlace): string | undefined {
  const info = look(file);
  for (const path of [file, ...beside]) refuseUnfit(path);
  return info && info.size > 0 ? identityOf(info) : undefined;
}

/** Gives what tells a file from another one in its place; `undefined` where there is none. */
export function identify(file: string): string | undefined {
  const info = look(file);
  return info && identityOf(info);
}

function identityOf({ dev, ino, birthtime }: Deno.FileInfo): string {
  return `${dev} ${ino ?? birthtime?.getTime()}`;
}

function refuseUnfit(path: string): void {
  const info = look(path);
  if (!info) return;
  const what = info.isSymlink
    ? "a link"
    : info.isDirectory
    ? "a directory"
    : !info.isFile
    ? "neither file nor directory"
    : (info.nlink ?? 1) > 1
    ? "a file with several names (hard links)"
    : undefined;
  if (what === undefined) return;
  throw new StorageError(
    `Expected a plain file as storage, but "${path}" is ${what}; remove it, or choose another file`,
  );
}

/**
 * Refuses a file that is no storage before SQLite touches it: SQLite would finish what other programs
 * left undone there. While a journal lies beside the file, only SQLite can tell.
 */
export function refuseForeign(file: string): void {
  if (look(`${file}-journal`)?.size) return;
  const header = new Uint8Array(HEADER);
  using source = Deno.openSync(file);
  const count = source.readSync(header) ?? 0;
  const view = new DataView(header.buffer);
  const magic = new TextDecoder("latin1").decode(header.subarray(0, MAGIC.length));
  if (count < HEADER || magic !== MAGIC || view.getUint32(68) !== APPLICATION_ID) {
    throw foreign(file);
  }
  const version = view.getUint32(60);
  if (version > SCHEMA_VERSION) throw newer(file, version);
}

/** Refuses a file system that is known to be one of a network, where the program may ask which it is. */
export function refuseNetwork(file: string): void {
  const name = networkOf(dirname(file));
  if (name === undefined) return;
  throw new StorageError(
    `"${file}" lies on a network file system (${name}), where SQLite cannot keep a database whole; ` +
      'choose a file on a disk of this machine, or a storage of the type "local"',
  );
}
