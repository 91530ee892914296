import { type OpenedEntry, openEntry } from "../caches/_opening.ts";
import { atOnce } from "../maintenance/_at_once.ts";
import { canonicalParams } from "../params.ts";
import { keyDigest, taskId, type TaskTableJson, taskTableToJson } from "../serialize.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";
import { definitionOf, type Task, taskTypeNames } from "../task.ts";
import type { LookedAt } from "./explanation.ts";
import { type Budget, jsonOf, TableComparison } from "./_table_differences.ts";

/** What makes an entry like a task: the nearest first. */
export type Kinship = "cache" | "code" | "renamed" | "params";

/** The entry that is most like a task. */
export interface NearestEntry extends OpenedEntry {
  readonly kinship: Kinship;
}

/** How entries are looked at. */
export interface NearestSetting extends Call {
  /** Where they lie. */
  readonly storage: Storage;
  /** What tells which are trusted, if anything does. */
  readonly signing: EntrySigning | undefined;
}

const AT_ONCE = 16;
const KEY = /^(.+)__([0-9a-f]{40})$/;
/** How many values may be compared in all: some seconds' worth at most. */
const BUDGET = 20_000_000;
const NEAREST_FIRST: readonly Kinship[] = ["cache", "code", "renamed", "params"];

interface Candidate {
  readonly opened: OpenedEntry;
  readonly kinship: Kinship;
  /** In how many places its params differ. */
  readonly differences: number;
  /** How far they lie apart there. */
  readonly distance: number;
  readonly cached: number;
}

/** Looks for the entry that is most like a task that has none of its own: one by one, by their metadata. */
export class NearestSearch {
  readonly #setting: NearestSetting;
  readonly #task: Task;
  readonly #key: string;
  readonly #table: TaskTableJson;
  readonly #digest: string;
  readonly #params: string;
  /** The names that the type has and had. */
  readonly #names: ReadonlySet<string>;
  readonly #known: readonly string[];
  readonly #budget: Budget = { left: BUDGET };
  readonly #looked = { entries: 0, results: 0, unusable: 0, untrusted: 0, passedOver: 0 };
  #best: Candidate | undefined;

  /** `task` has its versions settled; `key` is its own. */
  constructor(task: Task, key: string, setting: NearestSetting) {
    this.#task = task;
    this.#key = key;
    this.#setting = setting;
    this.#table = taskTableToJson(task);
    this.#digest = keyDigest(task, new WeakMap());
    this.#params = canonicalParams(task.params).text;
    this.#names = new Set([task.taskName, ...definitionOf(task.type).formerly ?? []]);
    this.#known = taskTypeNames();
  }

  /** What was looked at. */
  get looked(): LookedAt {
    return this.#looked;
  }

  /** Finds it. */
  async find(): Promise<NearestEntry | undefined> {
    const { storage, signal } = this.#setting;
    let hasOrphans = false;
    const kinds = new Map<string, "own" | "orphan" | "other">();
    const kindOf = (start: string) => {
      let kind = kinds.get(start);
      if (kind === undefined) kinds.set(start, kind = this.#kindOf(start));
      return kind;
    };
    const look = async (wanted: "own" | "orphan") => {
      await atOnce(storage.findKeys({ signal }), AT_ONCE, async (key) => {
        const [, start, digest] = KEY.exec(key) ?? [];
        if (start === undefined || key === this.#key) return;
        if (wanted === "own") this.#looked.entries++;
        const kind = kindOf(start);
        hasOrphans ||= kind === "orphan";
        if (kind === wanted) await this.#look(key, digest!);
      });
    };
    await look("own");
    // Of a type that the program does not define, this one may be the heir.
    if (hasOrphans && (!this.#best || this.#best.kinship === "params")) await look("orphan");
    return this.#best && { ...this.#best.opened, kinship: this.#best.kinship };
  }

  /** What a key's beginning says: the cache may put something before the name of the type. */
  #kindOf(start: string): "own" | "orphan" | "other" {
    const ends = (names: Iterable<string>) => Iterator.from(names).some((n) => start.endsWith(n));
    return ends(this.#names) ? "own" : ends(this.#known) ? "other" : "orphan";
  }

  async #look(key: string, digest: string): Promise<void> {
    const { storage, signing, signal } = this.#setting;
    signal?.throwIfAborted();
    const opened = await openEntry(storage, key, { signal });
    if (opened === undefined) return void this.#looked.unusable++;
    const candidate = this.#judge(opened, digest);
    if (candidate === undefined || !this.#isNearer(candidate)) return;
    // Whoever may write to the storage is not to choose what is told.
    if (signing && !await openEntry(storage, key, { signal, signing, refused: () => {} })) {
      return void this.#looked.untrusted++;
    }
    if (this.#isNearer(candidate)) this.#best = candidate;
  }

  #judge(opened: OpenedEntry, digest: string): Candidate | undefined {
    const { metadata: { task: table, start, duration } } = opened;
    const root = jsonOf(table, table.id);
    if (root === undefined) return void this.#looked.unusable++;
    const cached = Date.parse(start) + duration;
    const as = (kinship: Kinship, differences = 0, distance = 0): Candidate => {
      return { opened, kinship, differences, distance, cached };
    };
    const { name } = root;
    const isSame = table.id === taskId(name, this.#params);
    if (!this.#names.has(name)) {
      return isSame && !this.#known.includes(name) ? as("renamed") : undefined;
    }
    this.#looked.results++;
    if (isSame && name !== this.#task.taskName) return as("renamed");
    if (isSame) return as(digest === this.#digest ? "cache" : "code");
    if (this.#best && this.#best.kinship !== "params") return undefined;
    const most = this.#best?.differences ?? Infinity;
    const { count, distance } = new TableComparison(table, this.#table, this.#budget, most);
    if (count !== Infinity) return as("params", count, distance);
    this.#looked.passedOver++;
  }

  /** Of those that are as near, the later one; and always the same, whatever their order. */
  #isNearer(one: Candidate): boolean {
    const other = this.#best;
    if (other === undefined) return true;
    const rank = ({ kinship }: Candidate) => NEAREST_FIRST.indexOf(kinship);
    const apart = rank(one) - rank(other) || one.differences - other.differences ||
      one.distance - other.distance ||
      (other.cached || 0) - (one.cached || 0);
    return apart < 0 || apart === 0 && one.opened.metadata.key < other.opened.metadata.key;
  }
}
