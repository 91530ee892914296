/** What must be true of a path besides being there; see {@linkcode exists}. */
export interface ExistsOptions {
  /** It can be read by this user. */
  isReadable?: boolean;
  /** It is a directory, or a link to one. */
  isDirectory?: boolean;
  /** It is a file, or a link to one. */
  isFile?: boolean;
}

function requireConsistent({ isDirectory, isFile }: ExistsOptions): void {
  if (!isDirectory || !isFile) return;
  throw new TypeError(
    "ExistsOptions.options.isDirectory and ExistsOptions.options.isFile must not be true together",
  );
}

function isReadable({ mode, uid, gid }: Deno.FileInfo): boolean {
  if (mode === null) return true;
  const bit = Deno.uid() === uid ? 0o400 : Deno.gid() === gid ? 0o040 : 0o004;
  return (mode & bit) !== 0;
}

function fits(info: Deno.FileInfo, options: ExistsOptions): boolean {
  requireConsistent(options);
  return (!options.isDirectory || info.isDirectory) && (!options.isFile || info.isFile) &&
    (!options.isReadable || isReadable(info));
}

/** What a failed `stat` tells of existence; `readGranted` is asked only if it matters. */
function judge(error: unknown, options: ExistsOptions, readGranted: boolean): boolean {
  if (error instanceof Deno.errors.NotFound) return false;
  // The system refused, not Deno: something is there, which this user cannot read.
  if (error instanceof Deno.errors.PermissionDenied && readGranted) return !options.isReadable;
  throw error;
}

/** Whether a path leads to something; a link to nothing leads to nothing. */
export async function exists(path: string | URL, options: ExistsOptions = {}): Promise<boolean> {
  try {
    return fits(await Deno.stat(path), options);
  } catch (error) {
    const { state } = await Deno.permissions.query({ name: "read", path });
    return judge(error, options, state === "granted");
  }
}

/** {@linkcode exists}, at once. */
export function existsSync(path: string | URL, options: ExistsOptions = {}): boolean {
  try {
    return fits(Deno.statSync(path), options);
  } catch (error) {
    const { state } = Deno.permissions.querySync({ name: "read", path });
    return judge(error, options, state === "granted");
  }
}
