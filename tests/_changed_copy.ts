/** One change to the source of the library. */
export interface Edit {
  /** The file, from the root of the repository. */
  readonly file: string;
  /** What stands there, once. */
  readonly from: string;
  /** What stands there instead. */
  readonly to: string;
}

const ROOT = new URL("../", import.meta.url);

/**
 * Copies folders of the library into a directory that is there already, with changes. What they import
 * from elsewhere they share with the library.
 *
 * @throws {Error} When a text to be changed is not in the source, or there more than once: then the
 *   source has moved on, and the change must follow.
 */
export function copyChanged(
  dir: string,
  folders: readonly string[],
  edits: readonly Edit[],
): void {
  const lost = edits.find(({ file }) => !folders.includes(file.slice(0, file.indexOf("/"))));
  if (lost) throw new Error(`Expected a file in ${folders}, got ${lost.file}`);
  for (const folder of folders) {
    Deno.mkdirSync(`${dir}/${folder}`);
    for (const { name, isFile } of Deno.readDirSync(new URL(folder, ROOT))) {
      if (!isFile) continue;
      const file = `${folder}/${name}`;
      const source = edits.filter((edit) => edit.file === file)
        .reduce(changed, Deno.readTextFileSync(new URL(file, ROOT)));
      Deno.writeTextFileSync(`${dir}/${file}`, withAbsoluteImports(source, file, folders));
    }
  }
}

function changed(source: string, { file, from, to }: Edit): string {
  const found = source.split(from).length - 1;
  if (found !== 1) throw new Error(`Expected once, but found ${found} times in ${file}: ${from}`);
  return source.replace(from, () => to);
}

function withAbsoluteImports(source: string, file: string, folders: readonly string[]): string {
  return source.replaceAll(/(?<=from |import\()"(\.[^"]+)"/g, (_, path: string) => {
    const url = new URL(path, new URL(file, ROOT));
    const isCopied = folders.some((folder) => new URL(".", url).href === `${ROOT}${folder}/`);
    return isCopied ? `"${path}"` : `"${url}"`;
  });
}
