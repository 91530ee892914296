import { StorageError } from "../../errors.ts";
import {
  type Call,
  type CreateOptions,
  type Draft,
  type Entry,
  type Leftover,
  type LeftoverOptions,
  Storage,
} from "../../storages/mod.ts";

/** The calls that {@linkcode FlakyStorage} can fail. */
export type FlakyCall =
  | ("findKeys" | "exists" | "existsMany" | "open" | "delete" | "setAside")
  | ("create" | "write" | "commit" | "afterCommit" | "read");

/** A storage that tells what was asked of it, and fails where it is told to. */
export class FlakyStorage extends Storage {
  override readonly permissions: Deno.PermissionOptionsObject = { net: ["far.example:443"] };
  /** Which calls fail from now on. */
  failing: ReadonlySet<FlakyCall> | "all" = new Set();
  /** The calls so far. */
  readonly calls: FlakyCall[] = [];
  /** What happens before a call is passed on. */
  before?: (call: FlakyCall) => void | Promise<void>;
  /** Whether its entries tell their versions. */
  tellsVersions = true;
  readonly inner: Storage;

  constructor(inner: Storage) {
    super();
    this.inner = inner;
  }

  /** Gives the calls since the last time, and forgets them. */
  asked(): FlakyCall[] {
    return this.calls.splice(0);
  }

  override async *findKeys(
    options?: Call & { readonly prefix?: string },
  ): AsyncGenerator<string> {
    await this.call("findKeys");
    yield* this.inner.findKeys(options);
  }

  override async exists(key: string, options?: Call): Promise<boolean> {
    await this.call("exists");
    return await this.inner.exists(key, options);
  }

  override async existsMany(keys: Iterable<string>, options?: Call): Promise<Set<string>> {
    await this.call("existsMany");
    return await this.inner.existsMany(keys, options);
  }

  override async open(key: string, options?: Call): Promise<Entry | undefined> {
    await this.call("open");
    const entry = await this.inner.open(key, options);
    if (!entry) return undefined;
    return {
      key: entry.key,
      files: entry.files,
      ...(this.tellsVersions && { version: entry.version }),
      read: async (file, options) => {
        await this.call("read");
        return await entry.read(file, options);
      },
      stream: async (file, options) => {
        await this.call("read");
        return await entry.stream(file, options);
      },
    };
  }

  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    await this.call("create");
    const draft = await this.inner.create(key, options);
    return {
      key,
      write: async (file, data, options) => {
        await this.call("write");
        await draft.write(file, data, options);
      },
      commit: async (options) => {
        await this.call("commit");
        await draft.commit(options);
        await this.call("afterCommit");
      },
      [Symbol.asyncDispose]: () => Promise.resolve(draft[Symbol.asyncDispose]()),
    };
  }

  override async delete(key: string, options?: Call): Promise<boolean> {
    await this.call("delete");
    return await this.inner.delete(key, options);
  }

  override async setAside(key: string, options?: Call): Promise<string | undefined> {
    await this.call("setAside");
    return await this.inner.setAside(key, options);
  }

  override findLeftovers(options?: LeftoverOptions): AsyncGenerator<Leftover> {
    return this.inner.findLeftovers(options);
  }

  async call(call: FlakyCall): Promise<void> {
    this.calls.push(call);
    await this.before?.(call);
    if (this.failing !== "all" && !this.failing.has(call)) return;
    const cause = new Deno.errors.ConnectionRefused("Connection refused (os error 111)");
    throw new StorageError(`Cannot reach far.example: ${cause.message}`, { cause });
  }
}

/** Stops the clock; it goes on only where it is told to, until the end of the block. */
export function stoppedClock(): Disposable & { pass(seconds: number): void } {
  const { now } = Date;
  let time = now();
  Date.now = () => time;
  return {
    pass(seconds: number) {
      time += 1000 * seconds;
    },
    [Symbol.dispose]() {
      Date.now = now;
    },
  };
}

/** Catches what is warned of until the end of the block. */
export function caughtWarnings(): Disposable & { take(): string[] } {
  const { warn } = console;
  const lines: string[] = [];
  console.warn = (...values: unknown[]) => void lines.push(values.map(String).join(" "));
  return {
    take: () => lines.splice(0),
    [Symbol.dispose]() {
      console.warn = warn;
    },
  };
}
