import { look, SEPARATOR } from "./_local_files.ts";
import { checkFileName } from "./names.ts";
import { decodeRecord, generationIn, RECORD, RECORD_LIMIT } from "./_record.ts";

/** The files in a folder that bear the name of one generation. */
export interface Generation {
  /** Its name. */
  readonly name: string;
  /** The names of its files; what was or is to be a record comes last. */
  readonly files: readonly string[];
  /** The name of its file that was or is to be a record, where there is one. */
  readonly aside?: string;
}

/** What lies in the folder of a key. */
export interface FolderContent {
  /** Whether there is the record of an entry, and it is as it was written. */
  readonly record: "whole" | "damaged" | undefined;
  /** The generation of the entry, as its record says, were that damaged or not. */
  readonly generation?: string;
  /** Files of the entry and of others that were, or are to be, by generation. */
  readonly generations: ReadonlyMap<string, Generation>;
  /** The names of what no storage of this kind makes. */
  readonly foreign: readonly string[];
  /** Whether nothing lies there at all. */
  readonly isEmpty: boolean;
}

const OURS = /^([0-9a-z]{8}-[0-9a-z]{1,11})(?:\.tmp|-\d{1,9}-(.+))$/;

/** Gives the name of the generation that a file is of; `undefined` where it is none of ours. */
export function generationOf(file: string): string | undefined {
  const [, generation, name] = OURS.exec(file) ?? [];
  try {
    if (name !== undefined) checkFileName(name);
    return generation;
  } catch {
    return undefined;
  }
}

/** Gives the writer that a generation bears the name of. */
export function writerOf(generation: string): string {
  return generation.slice(0, generation.indexOf("-"));
}

/** Looks at what lies in the folder of a key, which is there and no link. Follows nothing. */
export function contentOf(folder: string): FolderContent {
  const files = new Map<string, string[]>();
  const foreign: string[] = [];
  let [hasRecord, isEmpty] = [false, true];
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    isEmpty = false;
    const generation = isFile ? generationOf(name) : undefined;
    if (name === RECORD && isFile) hasRecord = true;
    else if (generation === undefined) foreign.push(name);
    else if (files.has(generation)) files.get(generation)!.push(name);
    else files.set(generation, [name]);
  }
  const generations = new Map(Array.from(files, ([name, all]) => {
    const aside = `${name}.tmp`;
    if (!all.includes(aside)) return [name, { name, files: all }];
    return [name, { name, files: [...all.filter((each) => each !== aside), aside], aside }];
  }));
  const record = hasRecord ? recordIn(folder) : undefined;
  return { record: undefined, ...record, generations, foreign, isEmpty };
}

/**
 * Gives the generation of the entry that a record was moved aside from, by who deleted the entry;
 * `undefined` where the file is the record of a draft, whole or not.
 */
export function deletedBy(folder: string, { name, aside }: Generation): string | undefined {
  if (aside === undefined) return undefined;
  const bytes = readSmall(folder + SEPARATOR + aside);
  const generation = bytes && generationIn(bytes);
  return generation === name ? undefined : generation;
}

function recordIn(folder: string): Pick<FolderContent, "record" | "generation"> {
  const bytes = readSmall(folder + SEPARATOR + RECORD);
  const record = bytes && decodeRecord(bytes);
  if (record) return { record: "whole", generation: record.generation };
  return { record: "damaged", generation: bytes && generationIn(bytes) };
}

function readSmall(path: string): Uint8Array<ArrayBuffer> | undefined {
  const info = look(path);
  if (!info?.isFile || info.size > RECORD_LIMIT) return undefined;
  return Deno.readFileSync(path);
}
