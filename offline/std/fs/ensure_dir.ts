function requireDirectory(info: Deno.FileInfo): void {
  if (info.isDirectory) return;
  const kind = info.isFile ? "file" : info.isSymlink ? "symlink" : "undefined";
  throw new Error(`Failed to ensure directory exists: expected 'dir', got '${kind}'`);
}

/**
 * Makes a directory and its parents where they are missing.
 *
 * @throws {Error} If something else lies there.
 */
export async function ensureDir(dir: string | URL): Promise<void> {
  try {
    return requireDirectory(await Deno.stat(dir));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    requireDirectory(await Deno.stat(dir));
  }
}

/** {@linkcode ensureDir}, at once. */
export function ensureDirSync(dir: string | URL): void {
  try {
    return requireDirectory(Deno.statSync(dir));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    Deno.mkdirSync(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    requireDirectory(Deno.statSync(dir));
  }
}
