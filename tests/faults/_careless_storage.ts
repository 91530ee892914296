// A storage of files that is careful or careless, as its option says. Registers itself as "careless".
import * as v from "valibot";
import { StorageError } from "../../errors.ts";
import { storages } from "../../registry.ts";
import { DraftState } from "../../storages/_draft_state.ts";
import { type Draft, type Entry, Storage } from "../../storages/mod.ts";

/** What it does wrong in a commit, if anything. */
export const CARE = ["careful", "in place", "record first", "no record"] as const;

/** After how many commits it stops midway, for as long as any test may take. */
const COMMITS = 1;
const FOR_EVER = 60_000;

type Files = Map<string, Uint8Array>;

class CarelessStorage extends Storage {
  readonly permissions = {};
  readonly #dir: string;
  readonly #care: typeof CARE[number];
  #commits = 0;

  constructor({ dir, care }: { readonly dir: string; readonly care: typeof CARE[number] }) {
    super();
    this.#dir = dir;
    this.#care = care;
  }

  override async *findKeys(): AsyncGenerator<string> {
    for (const { name } of [...Deno.readDirSync(this.#dir)]) {
      if (name.endsWith(".json")) yield name.slice(0, -".json".length);
    }
  }

  override async exists(key: string): Promise<boolean> {
    return await this.open(key) !== undefined;
  }

  // deno-lint-ignore require-await
  override async open(key: string): Promise<Entry | undefined> {
    const record = this.#record(key);
    if (!record) return undefined;
    const folder = `${this.#dir}/${record.folder}`;
    const read = async (name: string) =>
      await Deno.readFile(`${folder}/${name}`).catch((cause) => {
        throw new StorageError(`"${name}" of "${key}" is gone`, { cause });
      });
    return {
      key,
      files: new Map(record.files),
      read,
      stream: async (name) => ReadableStream.from([await read(name)]),
    };
  }

  // deno-lint-ignore require-await
  override async create(key: string): Promise<Draft> {
    const [state, files] = [new DraftState(key), new Map<string, Uint8Array>()];
    return {
      key,
      write: (name, data) =>
        state.writing(name, data, undefined, async () => {
          files.set(
            name,
            new Uint8Array(await new Response(data as Uint8Array<ArrayBuffer>).bytes()),
          );
        }),
      commit: () => state.committing(undefined, () => this.#commit(key, files)),
      [Symbol.asyncDispose]: () => state.disposing(() => {}),
    };
  }

  // deno-lint-ignore require-await
  override async delete(key: string): Promise<boolean> {
    if (!this.#record(key)) return false;
    Deno.removeSync(`${this.#dir}/${key}.json`);
    return true;
  }

  async #commit(key: string, files: Files): Promise<void> {
    const isStopped = this.#commits++ >= COMMITS;
    const stop = () => isStopped ? new Promise((go) => setTimeout(go, FOR_EVER)) : undefined;
    const folder = this.#care === "in place" ? `${key}.files` : crypto.randomUUID();
    const record = JSON.stringify({
      folder,
      files: Array.from(files, ([name, { length }]) => [name, length]),
    });
    const publish = () => {
      Deno.writeTextFileSync(`${this.#dir}/${folder}.tmp`, record);
      Deno.renameSync(`${this.#dir}/${folder}.tmp`, `${this.#dir}/${key}.json`);
    };
    if (this.#care === "record first") publish();
    Deno.mkdirSync(`${this.#dir}/${folder}`, { recursive: true });
    for (const [name, bytes] of files) {
      Deno.writeFileSync(`${this.#dir}/${folder}/${name}`, bytes);
      await stop();
    }
    if (this.#care !== "no record") publish();
  }

  #record(key: string): { folder: string; files: [string, number][] } | undefined {
    try {
      return JSON.parse(Deno.readTextFileSync(`${this.#dir}/${key}.json`));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}

storages.register({
  name: "careless",
  summary: "Careful, or not",
  options: v.object({ dir: v.string(), care: v.picklist(CARE) }),
  create: (options) => new CarelessStorage(options),
});
