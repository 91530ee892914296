/**
 * What is to be known of each driver of unstorage 1.17, beyond what drivers say of themselves. It was
 * read from their source; `docs/unstorage.md` tells which of them were tried.
 *
 * @module
 */

/** What is to be known of a driver. */
export interface DriverTraits {
  /** The packages that it imports, as npm names with versions; unstorage itself does not bring them. */
  readonly peers?: readonly string[];
  /**
   * What it gives back as it was given it: bytes, or only text, so that bytes are written as base64.
   * Left out where that has to be tried.
   */
  readonly holds?: "bytes" | "text";
  /**
   * What setting an item that is there does: replaces it `"at once"`, or writes over it `"in place"`, so
   * that a reader may see half of it and a kill leave that; `"never"` for drivers that set nothing.
   *
   * @default {"at once"}
   */
  readonly replaces?: "at once" | "in place" | "never";
  /** Whether its listing may leave items out. */
  readonly listsSome?: true;
  /** How large an item may be, in bytes before base64. @default {PIECE} */
  readonly piece?: number;
  /** Whether what it keeps is in one thread's memory. */
  readonly isThreadLocal?: true;
  /** The option that is a path of this machine. */
  readonly path?: "base";
  /** Options that it is given unless the user gives others. */
  readonly defaults?: Readonly<Record<string, unknown>>;
}

const KIB = 1024;

/** How large a piece of a large file is, in bytes, unless a driver takes less. */
export const PIECE = 4 * 2 ** 20;

const AZURE_IDENTITY = "@azure/identity@4";

/** All drivers by name. */
const TRAITS = {
  "azure-app-configuration": {
    peers: ["@azure/app-configuration@1", AZURE_IDENTITY],
    holds: "text",
    piece: 4 * KIB,
  },
  "azure-cosmos": { peers: ["@azure/cosmos@4", AZURE_IDENTITY], holds: "text", piece: 1024 * KIB },
  "azure-key-vault": {
    peers: ["@azure/keyvault-secrets@4", AZURE_IDENTITY],
    holds: "text",
    piece: 12 * KIB,
  },
  "azure-storage-blob": { peers: ["@azure/storage-blob@12", AZURE_IDENTITY], holds: "bytes" },
  "azure-storage-table": {
    peers: ["@azure/data-tables@13", AZURE_IDENTITY],
    holds: "text",
    piece: 20 * KIB,
  },
  "capacitor-preferences": { peers: ["@capacitor/preferences@8"], holds: "text" },
  "cloudflare-kv-binding": { holds: "text" },
  "cloudflare-kv-http": { holds: "text" },
  "cloudflare-r2-binding": { holds: "bytes", listsSome: true },
  "db0": { peers: ["db0@0"], holds: "text", piece: 40 * KIB },
  "deno-kv": { holds: "bytes", piece: 60 * KIB },
  "deno-kv-node": { peers: ["@deno/kv@0"], holds: "bytes", piece: 60 * KIB },
  // By itself it leaves out of listings whatever lies in a folder named node_modules or .git.
  "fs": { holds: "bytes", replaces: "in place", path: "base", defaults: { ignore: [] } },
  "fs-lite": { holds: "bytes", replaces: "in place", path: "base" },
  "github": { replaces: "never" },
  "http": { holds: "bytes", listsSome: true },
  "indexedb": { peers: ["idb-keyval@6"], holds: "bytes" },
  "localstorage": { holds: "text" },
  "lru-cache": { holds: "bytes", isThreadLocal: true },
  "memory": { holds: "bytes", isThreadLocal: true },
  "mongodb": { peers: ["mongodb@7"], holds: "text" },
  "netlify-blobs": { peers: ["@netlify/blobs@11"], holds: "bytes" },
  "null": { holds: "bytes" },
  "overlay": { holds: "text" },
  "planetscale": { peers: ["@planetscale/database@1"], holds: "text", piece: 40 * KIB },
  "redis": { peers: ["ioredis@5"], holds: "text" },
  "s3": { peers: ["aws4fetch@1"], holds: "bytes", listsSome: true },
  "session-storage": { holds: "text", isThreadLocal: true },
  "uploadthing": { peers: ["uploadthing@7"], holds: "bytes", listsSome: true },
  "upstash": { peers: ["@upstash/redis@1"], holds: "text", piece: 512 * KIB },
  "vercel-blob": { peers: ["@vercel/blob@2"], holds: "bytes" },
  "vercel-kv": { peers: ["@vercel/kv@3"], holds: "text", piece: 512 * KIB },
  "vercel-runtime-cache": {
    peers: ["@vercel/functions@3"],
    holds: "text",
    listsSome: true,
    piece: 1024 * KIB,
  },
} as const satisfies Record<string, DriverTraits>;

/** The names of all drivers. */
export const DRIVERS: readonly string[] = Object.keys(TRAITS);

/** Whether a driver of this name is known. */
export function isDriver(name: unknown): name is string {
  return typeof name === "string" && /^[a-z0-9-]+$/.test(name) && Object.hasOwn(TRAITS, name);
}

/** What is to be known of a driver; of one that unstorage does not bring, nothing is. */
export function traitsOf(name: string | undefined): DriverTraits {
  return isDriver(name) ? TRAITS[name as keyof typeof TRAITS] : {};
}
