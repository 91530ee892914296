import { BaseCache } from "../../caches/cache.ts";
import { LocalStorage } from "../../storages/local.ts";

/** The parts of the library that the checks put to the test; of a mutant they are changed copies. */
export interface Library {
  readonly LocalStorage: typeof LocalStorage;
  readonly BaseCache: typeof BaseCache;
}

/** The library as it is. */
export const GENUINE: Library = { LocalStorage, BaseCache };

/** One change to the source of the library. */
export interface Edit {
  /** The file, from the root of the repository. */
  readonly file: string;
  /** What stands there, once. */
  readonly from: string;
  /** What stands there instead. */
  readonly to: string;
}

const ROOT = new URL("../../", import.meta.url);

/** The folders that mutants have copies of; the rest they share with the library. */
const FOLDERS = ["storages", "caches"] as const;

/**
 * Makes a copy of the storage and the cache with changes, in a directory that is there already.
 *
 * @throws {Error} When a text to be changed is not in the source, or there more than once: then the
 *   source has moved on, and the mutant must follow.
 */
export async function mutate(dir: string, edits: readonly Edit[]): Promise<Library> {
  for (const folder of FOLDERS) {
    Deno.mkdirSync(`${dir}/${folder}`);
    for (const { name, isFile } of Deno.readDirSync(new URL(folder, ROOT))) {
      if (!isFile) continue;
      const file = `${folder}/${name}`;
      const source = edits.filter((edit) => edit.file === file)
        .reduce(changed, Deno.readTextFileSync(new URL(file, ROOT)));
      Deno.writeTextFileSync(`${dir}/${file}`, withAbsoluteImports(source, file));
    }
  }
  const [local, cache] = await Promise.all([
    import(`file://${dir}/storages/local.ts`),
    import(`file://${dir}/caches/cache.ts`),
  ]);
  return { LocalStorage: local.LocalStorage, BaseCache: cache.BaseCache };
}

function changed(source: string, { file, from, to }: Edit): string {
  const found = source.split(from).length - 1;
  if (found !== 1) throw new Error(`Expected once, but found ${found} times in ${file}: ${from}`);
  return source.replace(from, () => to);
}

function withAbsoluteImports(source: string, file: string): string {
  return source.replaceAll(/(?<=from |import\()"(\.[^"]+)"/g, (_, path: string) => {
    const url = new URL(path, new URL(file, ROOT));
    const isCopied = FOLDERS.some((folder) => new URL(".", url).href === `${ROOT}${folder}/`);
    return isCopied ? `"${path}"` : `"${url}"`;
  });
}
