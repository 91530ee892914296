/**
 * Stands between a storage and Deno's file functions: sees each call, and may let it fail. What it
 * knows are the functions that a local storage uses; any other one throws, so that none is overlooked.
 *
 * @module
 */

/** One call of a file function. */
export interface FileCall {
  /** The function: `renameSync`, or `FsFile.write`. */
  readonly name: string;
  /** What it is about, one or two paths. */
  readonly paths: readonly string[];
  /** The bytes that it writes. */
  readonly data?: Uint8Array;
}

/** Who is told of the calls. */
export interface Watch {
  /** The calls below this directory are watched, others left alone. */
  readonly dir: string;
  /** Is told of a call before it; what it throws is thrown by the call, which is then not made. */
  before?(call: FileCall): void;
  /** Is told of a call that went well; of one that opened a file, with the file. */
  after?(call: FileCall, file?: Deno.FsFile): void;
}

/** What the functions are called with; only the first may be a path. */
const PATH_CALLS = [
  ...["mkdirSync", "openSync", "open", "writeFileSync", "writeTextFileSync", "removeSync"],
  ...["lstatSync", "statSync", "readDirSync", "readFileSync", "readTextFileSync", "renameSync"],
] as const;
const FILE_CALLS = ["write", "read", "sync", "tryLockSync", "statSync"] as const;
const UNKNOWN_CALLS = [
  ...["mkdir", "writeFile", "writeTextFile", "remove", "lstat", "stat", "readDir", "readFile"],
  ...["readTextFile", "rename", "copyFile", "copyFileSync", "link", "linkSync", "symlink"],
  ...["symlinkSync", "truncate", "truncateSync", "chmod", "chmodSync", "utime", "utimeSync"],
  ...["create", "createSync", "readLink", "readLinkSync", "realPath", "realPathSync"],
];
const UNKNOWN_FILE_CALLS = [
  ...["writeSync", "readSync", "syncSync", "syncData", "syncDataSync", "truncate", "truncateSync"],
  ...["seek", "seekSync", "lock", "lockSync", "tryLock", "unlock", "unlockSync"],
  ...["stat", "utime", "utimeSync"],
];

type Anything = (this: unknown, ...args: unknown[]) => unknown;
type Functions = Record<string, Anything>;

/**
 * Watches the file functions until it is disposed. Not to be used twice at a time. Meanwhile nothing is
 * synced, which would take most of the time.
 */
export function watchFileCalls(watch: Watch): Disposable {
  const namespace = Deno as unknown as Functions;
  const prototype = Deno.FsFile.prototype as unknown as Functions;
  const paths = new WeakMap<object, string>();
  const undo: (() => void)[] = [];
  const replace = (of: Functions, name: string, make: (original: Anything) => Anything) => {
    const original = of[name];
    if (original === undefined) return;
    of[name] = make(original);
    undo.push(() => void (of[name] = original));
  };
  const isOurs = (path: unknown) => String(path).startsWith(watch.dir);
  for (const name of PATH_CALLS) {
    replace(namespace, name, (original) =>
      function (...args) {
        if (!isOurs(args[0])) return original.apply(Deno, args);
        const call = callOf(name, args);
        watch.before?.(call);
        return passOn(original.apply(Deno, args), (result) => {
          const file = result instanceof Deno.FsFile ? result : undefined;
          if (file) paths.set(file, call.paths[0]!);
          watch.after?.(call, file);
        });
      });
  }
  for (const name of FILE_CALLS) {
    replace(prototype, name, (original) =>
      function (...args) {
        const path = paths.get(this as object);
        // Nobody pulls the plug here, so that a sync need only be noted.
        const act = name === "sync" ? () => Promise.resolve() : original;
        if (path === undefined) return act.apply(this, args);
        const data = name === "write" ? args[0] as Uint8Array : undefined;
        const call = { name: `FsFile.${name}`, paths: [path], data };
        watch.before?.(call);
        return passOn(act.apply(this, args), (count) => {
          watch.after?.(data ? { ...call, data: data.slice(0, count as number) } : call);
        });
      });
  }
  for (const name of UNKNOWN_CALLS) {
    replace(namespace, name, (original) =>
      function (...args) {
        if (!isOurs(args[0])) return original.apply(Deno, args);
        throw new TypeError(`The file layer does not know Deno.${name}; teach it`);
      });
  }
  for (const name of UNKNOWN_FILE_CALLS) {
    replace(prototype, name, (original) =>
      function (...args) {
        if (!paths.has(this as object)) return original.apply(this, args);
        throw new TypeError(`The file layer does not know FsFile.${name}; teach it`);
      });
  }
  return { [Symbol.dispose]: () => undo.forEach((each) => each()) };
}

function callOf(name: string, args: unknown[]): FileCall {
  const paths = name === "renameSync" ? [String(args[0]), String(args[1])] : [String(args[0])];
  const data = name === "writeFileSync"
    ? (args[1] as Uint8Array).slice()
    : name === "writeTextFileSync"
    ? new TextEncoder().encode(String(args[1]))
    : undefined;
  return { name, paths, data };
}

function passOn(result: unknown, then: (result: unknown) => void): unknown {
  if (result instanceof Promise) {
    return result.then((value) => {
      then(value);
      return value;
    });
  }
  then(result);
  return result;
}
