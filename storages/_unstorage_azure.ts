/**
 * The driver `azure-storage-blob` makes its container by the first call of any kind, waits for nothing
 * and hears no error of it: a wrong key ended the program with an unhandled rejection, a read changed
 * the account, and a write could come before the container. Here the container is made by the first
 * write, and waited for.
 *
 * @module
 */

import type { UnstorageDriver } from "./_unstorage_driver.ts";

/** The part of Azure's `ContainerClient` that is used here. */
export interface AzureContainer {
  /** Makes the container unless it is there. */
  createIfNotExists(): Promise<unknown>;
}

/** The part of `@azure/storage-blob` that is used here. */
export interface AzurePackage {
  /** Its class of clients of a container. */
  readonly ContainerClient?: { readonly prototype: AzureContainer };
}

/**
 * Makes the driver's client, and keeps it from making the container by that. Gives the container, where
 * the driver wants it made. The class is changed for the time of one synchronous call only.
 */
export function tameAzure(
  driver: UnstorageDriver & { getInstance?(): unknown },
  { ContainerClient }: AzurePackage,
): AzureContainer | undefined {
  const prototype = ContainerClient?.prototype;
  if (!prototype || !driver.getInstance) return undefined;
  const original = prototype.createIfNotExists;
  let container: AzureContainer | undefined;
  prototype.createIfNotExists = function (this: AzureContainer) {
    container = this;
    return Promise.resolve();
  };
  try {
    driver.getInstance();
  } finally {
    prototype.createIfNotExists = original;
  }
  return container;
}
