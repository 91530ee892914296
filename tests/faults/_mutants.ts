import type { Edit } from "../_changed_copy.ts";
import type { CheckName } from "./_every_check.ts";

const DRAFT = "storages/_local_draft.ts";
const ENTRY = "storages/_local_entry.ts";
const RECORD = "storages/_record.ts";
const ROOT = "storages/_local_root.ts";
const LOCAL = "storages/local.ts";
const LEFTOVERS = "storages/_local_leftovers.ts";
const ASIDE = "storages/_local_aside.ts";
const DIGESTS = "caches/_digests.ts";

const RENAME = "Deno.renameSync(this.#path(aside), this.#path(RECORD));";
const SYNC_FILE = "if (this.#durable) await this.#try(() => file.sync());";
const SYNC_FOLDER = "if (this.#durable) await this.#try(() => syncDirectory(this.#folder));\n";

/** A change to the library that breaks a promise. */
export interface Mutant {
  /** The check that must notice it. */
  readonly by: CheckName;
  /** What is changed. */
  readonly edits: readonly Edit[];
}

/** Changes to the storage and the cache: syncs, digests and renames that are left out or come late. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  "data files are not synced": {
    by: "loss of power",
    edits: [{
      file: DRAFT,
      from: SYNC_FILE,
      to: 'if (this.#durable && name.endsWith(".tmp")) await this.#try(() => file.sync());',
    }],
  },
  "the record is not synced": {
    by: "loss of power",
    edits: [{
      file: DRAFT,
      from: SYNC_FILE,
      to: 'if (this.#durable && !name.endsWith(".tmp")) await this.#try(() => file.sync());',
    }],
  },
  "the folder is not synced before the rename": {
    by: "loss of power",
    edits: [{
      file: DRAFT,
      from: `${SYNC_FOLDER}    signal?.throwIfAborted();`,
      to: "signal?.throwIfAborted();",
    }],
  },
  "the folder is not synced after the rename": {
    by: "loss of power",
    edits: [{
      file: DRAFT,
      from: `this.#isPublished = true;\n    ${SYNC_FOLDER}`,
      to: "this.#isPublished = true;\n",
    }],
  },
  "the directory is not synced": {
    by: "loss of power",
    edits: [{
      file: ROOT,
      from: "    await syncDirectory(this.dir);\n",
      to: "",
    }],
  },
  "the directories above it are not synced": {
    by: "loss of power",
    edits: [{
      file: ROOT,
      from: "if (!this.#isLasting) await this.#syncAncestors();",
      to: "void this.#syncAncestors;",
    }],
  },
  "entries that took long are not synced": {
    by: "loss of power",
    edits: [{
      file: LOCAL,
      from: '(durability === "auto" && !!options?.durable)',
      to: "false",
    }],
  },
  "a sync that fails is passed over": {
    by: "injection",
    edits: [{
      file: DRAFT,
      from: SYNC_FILE,
      to: "if (this.#durable) await file.sync().catch(() => {});",
    }],
  },
  "a small write that fails is passed over": {
    by: "injection",
    edits: [{
      file: DRAFT,
      from: "      throw this.#failure(error);\n    }\n  }\n\n  async #store(",
      to: "      void error;\n    }\n  }\n\n  async #store(",
    }],
  },
  "the record is written in place": {
    by: "loss of power",
    edits: [{
      file: DRAFT,
      from: RENAME,
      to: "Deno.writeFileSync(this.#path(RECORD), Deno.readFileSync(this.#path(aside)));",
    }],
  },
  "the earlier record is removed before the rename": {
    by: "loss of power",
    edits: [{
      file: DRAFT,
      from: RENAME,
      to: `tryRemove(this.#path(RECORD)); ${RENAME}`,
    }],
  },
  "the earlier files are removed before the rename": {
    by: "loss of power",
    edits: [{
      file: DRAFT,
      from: RENAME,
      to: `for (const name of earlier) tryRemove(this.#path(name)); ${RENAME}`,
    }],
  },
  "small data files are written after the rename": {
    by: "injection",
    edits: [{
      file: DRAFT,
      from: "        this.#storeNow(name, data);\n",
      to: "        this.late.push(() => this.#storeNow(name, data));\n",
    }, {
      file: DRAFT,
      from: "    this.#isPublished = true;\n",
      to: "    this.#isPublished = true;\n    for (const write of this.late) write();\n",
    }, {
      file: DRAFT,
      from: "  readonly #files: StoredFile[] = [];\n",
      to: "  readonly #files: StoredFile[] = [];\n  readonly late: (() => void)[] = [];\n",
    }],
  },
  "the digest of the record is not checked": {
    by: "damage",
    edits: [{
      file: RECORD,
      from: "if (textOf(bytes.subarray(0, HEAD_LENGTH)) !== head) return undefined;",
      to: "void head;",
    }],
  },
  "the digests of files are not checked": {
    by: "damage",
    edits: [{
      file: DIGESTS,
      from: "if (data.byteLength !== record.bytes || sha256Hex(data) !== record.sha256) {",
      to: "if (false) {",
    }],
  },
  "the sizes of data files are not looked at": {
    by: "damage",
    edits: [{
      file: ENTRY,
      from: "if (isWhole(record, folder)) return record;",
      to: "if (isWhole(record, folder) || true) return record;",
    }],
  },
  "a deletion removes the data before the record": {
    by: "injection",
    edits: [{
      file: LOCAL,
      from: "      Deno.renameSync(path, folder + SEPARATOR + aside);\n",
      to:
        "      for (const name of filesOfRecord(folder)) tryRemove(folder + SEPARATOR + name);\n" +
        "      Deno.renameSync(path, folder + SEPARATOR + aside);\n",
    }],
  },
  "clearing up does not look whether a writer lives": {
    by: "injection into clearing up",
    edits: [{
      file: LEFTOVERS,
      from: 'if (life === "alive") return false;',
      to: "",
    }],
  },
  "clearing up does not look which files are the entry's": {
    by: "injection into clearing up",
    edits: [{
      file: LEFTOVERS,
      from:
        'if (!generation || record === "damaged" || content.generation === name) return undefined;',
      to: "if (!generation) return undefined;",
    }],
  },
  "what is set aside goes without its record first": {
    by: "injection into setting aside",
    edits: [{
      file: ASIDE,
      from: "    Deno.renameSync(folder + SEPARATOR + RECORD, target + SEPARATOR + RECORD);\n",
      to:
        "    for (const name of names) tryMove(folder + SEPARATOR + name, target + SEPARATOR + name);\n" +
        "    Deno.renameSync(folder + SEPARATOR + RECORD, target + SEPARATOR + RECORD);\n",
    }],
  },
  "a discarded draft leaves its files": {
    by: "injection",
    edits: [{
      file: DRAFT,
      from: "for (const name of this.#made) tryRemove(this.#path(name));",
      to: "",
    }],
  },
};
