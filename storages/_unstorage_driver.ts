import { StorageError } from "../errors.ts";
import { importPackage, importSpecifier } from "./_packages.ts";
import { type AzureContainer, tameAzure } from "./_unstorage_azure.ts";
import type { UnstoragePlace } from "./_unstorage_place.ts";

/**
 * The part of unstorage's `Driver` that is used here: what `createStorage({ driver })` takes. Keys are
 * segments with `:` between them.
 */
export interface UnstorageDriver {
  /** What kind of driver it is, e.g. `"redis"`. */
  readonly name?: string;
  /** Whether there is an item. */
  hasItem(key: string, options: Record<string, unknown>): boolean | Promise<boolean>;
  /** Reads an item that was written as text; `null` where there is none. */
  getItem(key: string, options?: Record<string, unknown>): unknown;
  /** Reads an item that was written as bytes; `null` where there is none. */
  getItemRaw?(key: string, options: Record<string, unknown>): unknown;
  /** Writes text. Drivers that only read have neither of the two. */
  setItem?(key: string, value: string, options: Record<string, unknown>): unknown;
  /** Writes bytes. */
  setItemRaw?(key: string, value: Uint8Array, options: Record<string, unknown>): unknown;
  /** Removes an item, if there is one. */
  removeItem?(key: string, options: Record<string, unknown>): unknown;
  /** Tells when an item was written, and how large it is. */
  getMeta?(key: string, options: Record<string, unknown>): unknown;
  /** Lists the keys that begin so, and perhaps others. */
  getKeys(base: string, options: Record<string, unknown>): string[] | Promise<string[]>;
  /** Releases what it holds. */
  dispose?(): unknown;
}

/** A driver that is ready for use. */
export interface OpenDriver {
  /** The driver. */
  readonly driver: UnstorageDriver;
  /** Another one with other options, where it was made here. */
  readonly make?: (options: Record<string, unknown>) => UnstorageDriver;
  /** Azure's container that has to be made before anything is written. */
  readonly container?: AzureContainer;
}

type Factory = (options: Record<string, unknown>) => UnstorageDriver;

/** Opens the driver of a place. Nothing is read or written by that. */
export async function openDriver(place: UnstoragePlace): Promise<OpenDriver> {
  const { given, name, options, traits } = place;
  if (given) return { driver: given };
  // A bare import in a package finds only what is in the graph already: so its peers come first.
  for (const peer of traits.peers ?? []) await importSpecifier(`npm:${peer}`);
  const factory = await importPackage<{ default: Factory }>("unstorage", `/drivers/${name}`);
  const make: Factory = (more) => factory.default({ ...options, ...more });
  try {
    const driver = make({});
    if (name === "redis") hush(driver);
    if (name !== "azure-storage-blob") return { driver, make };
    return {
      driver,
      container: tameAzure(driver, await importSpecifier(`npm:${traits.peers![0]}`)),
    };
  } catch (cause) {
    throw new StorageError(
      `The driver "${name}" of unstorage refuses its options: ${place.without(cause).message}`,
      { cause: place.without(cause) },
    );
  }
}

/** The client of the driver `redis` prints each attempt to connect that fails, unless it is listened to. */
function hush(driver: UnstorageDriver & { getInstance?(): unknown }): void {
  const client = driver.getInstance?.() as { on?(event: string, listen: () => void): void };
  client?.on?.("error", () => {});
}
