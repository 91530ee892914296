/**
 * What a disk may hold after a loss of power. Of what was not synced, each part is there or not, by
 * itself: the content of each file, and each name in each directory. That is all that POSIX promises,
 * and less than journalling file systems such as ext4 do, which keep the order of names. So every state
 * that those may leave is among the states of this model, and others that are worse.
 *
 * @module
 */

import type { FileCall } from "./_file_calls.ts";

interface DiskFile {
  readonly kind: "file";
  /** As it was when it was last synced. */
  synced: Uint8Array;
  /** As programs see it. */
  now: Uint8Array;
}

interface DiskFolder {
  readonly kind: "folder";
  readonly now: Map<string, DiskNode>;
  readonly synced: Map<string, DiskNode>;
  /** For each name that changed since the last sync: what it stood for meanwhile, and stands for now. */
  readonly since: Map<string, (DiskNode | undefined)[]>;
}

type DiskNode = DiskFile | DiskFolder;

/** One thing about which a loss of power decides: in how many ways. */
export interface Question {
  readonly of: DiskFile | { readonly folder: DiskFolder; readonly name: string };
  readonly ways: number;
}

/** What becomes of a file that was not synced: gone, all there, of its size but zeros, cut, or in part. */
const FILE_WAYS: readonly ((file: DiskFile) => Uint8Array)[] = [
  ({ synced }) => synced,
  ({ now }) => now,
  ({ now }) => new Uint8Array(now.length),
  ({ now }) => now.slice(0, now.length >> 1),
  ({ now }) => now.slice().fill(0, now.length >> 1),
  ({ now }) => now.slice().fill(0, 0, now.length >> 1),
  ({ now }) => now.map((_, at) => (at * 151 + 7) & 255),
];

/** A disk on which the directory of a scene lies, synced and empty at first. */
export class DiskModel {
  readonly #root = emptyFolder();
  readonly #dir: string;

  /** Speaks of an empty directory. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Does what a file call did. */
  apply({ name, paths: [path, to], data }: FileCall): void {
    if (name === "mkdirSync") this.#makeFolders(path!);
    else if (name === "openSync" || name === "open") this.#touch(path!);
    else if (name === "writeFileSync" || name === "writeTextFileSync") this.#write(path!, data!);
    else if (name === "FsFile.write") this.#append(path!, data!);
    else if (name === "FsFile.sync") this.#sync(path!);
    else if (name === "removeSync") this.#set(path!, undefined);
    else if (name === "renameSync") {
      const node = this.#find(path!);
      this.#set(path!, undefined);
      this.#set(to!, node);
    }
  }

  /** About what a loss of power would decide now. */
  questions(): Question[] {
    const questions: Question[] = [];
    const seen = new Set<DiskNode>();
    const visit = (node: DiskNode | undefined) => {
      if (node === undefined || seen.has(node)) return;
      seen.add(node);
      if (node.kind === "file") {
        if (!isSame(node.now, node.synced)) questions.push({ of: node, ways: FILE_WAYS.length });
        return;
      }
      for (const [name, values] of node.since) {
        questions.push({ of: { folder: node, name }, ways: values.length + 1 });
        values.forEach(visit);
      }
      for (const each of node.synced.values()) visit(each);
    };
    visit(this.#root);
    return questions;
  }

  /** Writes the disk as it is when each question is decided in the way of that number. */
  restore(dir: string, questions: readonly Question[], ways: readonly number[]): void {
    const files = new Map<DiskFile, Uint8Array>();
    const names = new Map<DiskFolder, Map<string, DiskNode | undefined>>();
    for (const [n, { of }] of questions.entries()) {
      const way = ways[n]!;
      if ("kind" in of) {
        files.set(of, FILE_WAYS[way]!(of));
        continue;
      }
      if (way === 0) continue; // as it was synced
      const changed = names.get(of.folder) ?? new Map();
      names.set(of.folder, changed.set(of.name, of.folder.since.get(of.name)![way - 1]));
    }
    const write = (folder: DiskFolder, path: string) => {
      for (const [name, node] of new Map([...folder.synced, ...names.get(folder) ?? []])) {
        if (node === undefined) continue;
        if (node.kind === "file") {
          Deno.writeFileSync(`${path}/${name}`, files.get(node) ?? node.now);
        } else {
          Deno.mkdirSync(`${path}/${name}`);
          write(node, `${path}/${name}`);
        }
      }
    };
    write(this.#root, dir);
  }

  #find(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.#root;
    for (const name of this.#namesOf(path)) {
      node = node?.kind === "folder" ? node.now.get(name) : undefined;
    }
    return node;
  }

  #set(path: string, node: DiskNode | undefined): void {
    const names = this.#namesOf(path);
    const folder = this.#find(`${this.#dir}/${names.slice(0, -1).join("/")}`);
    if (folder?.kind !== "folder") throw new Error(`There is no folder for ${path}`);
    const name = names.at(-1)!;
    if (node) folder.now.set(name, node);
    else folder.now.delete(name);
    folder.since.set(name, [...folder.since.get(name) ?? [], node]);
  }

  #namesOf(path: string): string[] {
    return path.slice(this.#dir.length).split("/").filter((name) => name !== "");
  }

  #makeFolders(path: string): void {
    const names = this.#namesOf(path);
    for (let depth = 1; depth <= names.length; depth++) {
      const part = `${this.#dir}/${names.slice(0, depth).join("/")}`;
      if (!this.#find(part)) this.#set(part, emptyFolder());
    }
  }

  #touch(path: string): void {
    if (!this.#find(path)) this.#set(path, emptyFile());
  }

  #write(path: string, data: Uint8Array): void {
    this.#touch(path);
    (this.#find(path) as DiskFile).now = data;
  }

  #append(path: string, data: Uint8Array): void {
    const file = this.#find(path) as DiskFile;
    const now = new Uint8Array(file.now.length + data.length);
    now.set(file.now);
    now.set(data, file.now.length);
    file.now = now;
  }

  #sync(path: string): void {
    const node = this.#find(path);
    if (node?.kind === "file") node.synced = node.now;
    if (node?.kind !== "folder") return;
    node.synced.clear();
    for (const [name, each] of node.now) node.synced.set(name, each);
    node.since.clear();
  }
}

function emptyFile(): DiskFile {
  return { kind: "file", synced: new Uint8Array(), now: new Uint8Array() };
}

function emptyFolder(): DiskFolder {
  return { kind: "folder", now: new Map(), synced: new Map(), since: new Map() };
}

/** Whether both hold the same bytes. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}
