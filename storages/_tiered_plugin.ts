import * as v from "valibot";
import { isPlainObject, showPath } from "../describe.ts";
import { ConfigError, type ConfigMistake } from "../errors.ts";
import type { Plugin, PluginEnv, PluginSpec } from "../plugin.ts";
import { storages } from "../registry.ts";
import type { Storage } from "./storage.ts";
import { TieredStorage, type TieredStorageOptions } from "./tiered.ts";

/** The options of {@link TieredStorage} as they stand in a configuration. */
export interface TieredStorageJson extends Pick<TieredStorageOptions, "write" | "maxAge"> {
  /** The path of a directory, or a storage by name and options. */
  readonly near: string | PluginSpec;
  /** The path of a directory, or a storage by name and options. */
  readonly far: string | PluginSpec;
}

const PARTS = ["near", "far"] as const;

// What a spec says in detail is checked by the registry, since the plugin names them as its parts.
const tier = (description: string) =>
  v.pipe(
    v.union(
      [v.pipe(v.string(), v.nonEmpty()), v.custom<PluginSpec>(isPlainObject)],
      'Expected the path of a directory or { "type": name, …options }',
    ),
    v.description(description),
  );

/** Makes a {@link TieredStorage}, and the two that it consists of. */
export const tieredPlugin: Plugin<Storage, TieredStorageJson> = {
  name: "tiered",
  summary: "A near storage in front of a far one: a local copy of a shared one",
  options: v.strictObject({
    near: tier("The storage in front, which keeps copies: a directory, or any storage"),
    far: tier("The storage behind, which others use too"),
    write: v.optional(
      v.pipe(
        v.picklist(["both", "near"]),
        v.description("Where saves go: to both, or to the near one, so that far is only read"),
      ),
      "both",
    ),
    maxAge: v.optional(
      v.pipe(
        v.number(),
        v.minValue(0, "Expected 0 seconds or more"),
        v.description(
          "For how many seconds a copy is served without asking far whether it was replaced",
        ),
      ),
      60,
    ),
  }),
  parts: PARTS,
  create({ write, maxAge, ...parts }, env) {
    const { near, far, owned } = makeParts(parts, env);
    return new TieredStorage({ near, far, write, maxAge, owned });
  },
};

/** Makes both storages. Where one cannot be made, the other is disposed, and all mistakes are told. */
function makeParts(
  specs: Pick<TieredStorageJson, "near" | "far">,
  env: PluginEnv,
): Pick<TieredStorageOptions, "near" | "far"> & { readonly owned: AsyncDisposable } {
  const owned = new AsyncDisposableStack();
  const made: Partial<Record<typeof PARTS[number], Storage>> = {};
  const mistakes: ConfigMistake[] = [];
  try {
    for (const part of PARTS) {
      const given = specs[part];
      const spec = typeof given === "string" ? { type: "local", dir: given } : given;
      try {
        const path = showPath(env.at ?? storages.kind, [part]);
        made[part] = owned.use(storages.create(spec, { path, env }));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        mistakes.push(...error.mistakes);
      }
    }
    if (mistakes.length > 0) throw new ConfigError(mistakes);
  } catch (error) {
    // Nothing waits for it: storages hold nothing before their first call.
    owned.disposeAsync().catch(() => {});
    throw error;
  }
  return { near: made.near!, far: made.far!, owned };
}
