import * as v from "valibot";
import { describe } from "../describe.ts";
import type { Plugin } from "../plugin.ts";
import { didYouMean } from "../suggest.ts";
import { DRIVERS, traitsOf } from "./_unstorage_drivers.ts";
import type { Storage } from "./storage.ts";
import { UnstorageStorage, type UnstorageStorageOptions } from "./unstorage.ts";

/** Makes an {@link UnstorageStorage}. What the driver makes of its options it says by its first call. */
export const unstoragePlugin: Plugin<Storage, UnstorageStorageOptions> = {
  name: "unstorage",
  summary: "Any driver of unstorage: Azure Blob, Cloudflare, MongoDB, GitHub and others",
  options: v.pipe(
    v.looseObject({
      driver: v.pipe(
        v.picklist(DRIVERS, ({ input }) => unknown(input)),
        v.description("The driver by its name; its options stand beside it"),
      ),
    }),
    v.forward(
      v.check(
        ({ driver, base }) => traitsOf(driver).path === undefined || isText(base),
        "Expected the path of a directory",
      ),
      ["base"] as never,
    ),
  ),
  create: ({ driver, ...options }, env) => {
    const path = traitsOf(String(driver)).path;
    const placed = path ? { [path]: env.path(String(options[path])) } : {};
    return new UnstorageStorage({ ...options, ...placed, driver });
  },
};

function unknown(driver: unknown): string {
  const near = typeof driver === "string" ? didYouMean(driver, DRIVERS) : "";
  return `Expected the name of a driver of unstorage, got ${describe(driver)}${
    near || ";"
  } known ` +
    `are ${DRIVERS.join(", ")}`;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
