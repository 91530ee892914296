import type { Storage } from "../../storages/storage.ts";

/** Removes all that is left over, whatever its age. */
export async function clearUp(storage: Storage): Promise<void> {
  for (const leftover of await Array.fromAsync(storage.findLeftovers({ grace: 0 }))) {
    await leftover.remove();
  }
}

/**
 * Leaves behind in a storage directory what programs do that die, of each kind one. Gives the paths of the
 * files, and of the folders that go with them.
 */
export function plantLeftovers(dir: string, place: string): string[] {
  const files: Readonly<Record<string, string>> = {
    ".writers/deadbeef.lock": "",
    [`${place}/deadbeef-1-0-a.txt`]: "draft beside an entry",
    [`${place}/deadbeef-1.tmp`]: "{",
    "dead/deadbeef-2-0-a.txt": "draft of a new entry",
    "dead/deadbeef-2-1-b.txt": "its second file",
    "gone/unmarked-3-0-a.txt": "file of a deleted entry",
    "gone/deadbeef-4.tmp": `{"sha256":"${"0".repeat(64)}",\n"entry":{"generation":"unmarked-3"}\n}`,
    ".gitignore.deadbeef-0.tmp": "*",
    ".aside/20260101T000000Z-deadbeef-5/old/metadata.json": "{}",
  };
  for (const [path, text] of Object.entries(files)) {
    Deno.mkdirSync(`${dir}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
    Deno.writeTextFileSync(`${dir}/${path}`, text);
  }
  return [...Object.keys(files), "dead", "gone"].map((path) => `${dir}/${path}`);
}

/** Gives the paths of the files in a storage directory that are no part of an entry. */
export function strangersIn(dir: string): string[] {
  return filesIn(dir).filter((path) => {
    if (path === ".gitignore" || path.endsWith("/metadata.json")) return path.startsWith(".aside");
    const folder = path.slice(0, path.lastIndexOf("/"));
    return !ownFiles(`${dir}/${folder}`).includes(path.slice(folder.length + 1));
  });
}

function ownFiles(folder: string): string[] {
  try {
    const { entry } = JSON.parse(Deno.readTextFileSync(`${folder}/metadata.json`));
    return entry.files.map((file: { in: string }) => file.in);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function filesIn(dir: string, path = ""): string[] {
  try {
    return [...Deno.readDirSync(`${dir}/${path}`)].flatMap(({ name, isDirectory }) =>
      isDirectory ? filesIn(dir, `${path}${name}/`) : [path + name]
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
