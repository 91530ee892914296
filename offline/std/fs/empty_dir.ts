import { join } from "@std/path/join";

/** Removes all that a directory holds; makes the directory where it is missing. */
export async function emptyDir(dir: string | URL): Promise<void> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(dir));
    const paths = entries.map(({ name }) => join(dir, name));
    await Promise.all(paths.map((path) => Deno.remove(path, { recursive: true })));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.mkdir(dir, { recursive: true });
  }
}

/** {@linkcode emptyDir}, at once. */
export function emptyDirSync(dir: string | URL): void {
  try {
    for (const { name } of [...Deno.readDirSync(dir)]) {
      Deno.removeSync(join(dir, name), { recursive: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    Deno.mkdirSync(dir, { recursive: true });
  }
}
