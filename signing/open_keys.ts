import { ConfigError } from "../errors.ts";
import type { Call } from "../storages/storage.ts";
import type { EntrySigning } from "./entry_signing.ts";
import { LabKeys } from "./lab_keys.ts";
import { signingMistakes, type SigningOptions } from "./options.ts";

/**
 * Reads keys, to use a cache by hand as a Lab with the same option `signing` would.
 *
 * @throws {ConfigError} Lists all mistakes, and keys that cannot be read.
 *
 * @example
 * ```ts
 * import { JsonCache } from "@labtech/lab/caches";
 * import { generateKey, openKeys } from "@labtech/lab/signing";
 * import { MemoryStorage } from "@labtech/lab/storages";
 * import { Lab, task } from "@labtech/lab";
 * import { assertEquals } from "@std/assert";
 *
 * const Answer = task(import.meta, { name: "Answer", run: () => 42 });
 * const { privateKey, publicKey } = await generateKey();
 * const storage = new MemoryStorage();
 * const cache = new JsonCache();
 * await using lab = new Lab({ storage, cache, signing: { key: privateKey }, runner: "serial" });
 * await lab.runTask(Answer());
 *
 * const key = await lab.keyOf(Answer());
 * const known = await openKeys({ trust: [publicKey] });
 * assertEquals((await cache.load(storage, key, Answer(), { signing: known }))?.value, 42);
 * const others = await openKeys({ trust: [(await generateKey()).publicKey] });
 * assertEquals(await cache.load(storage, key, Answer(), { signing: others }), undefined);
 * ```
 */
export async function openKeys(options: SigningOptions, call: Call = {}): Promise<EntrySigning> {
  const mistakes = signingMistakes(options, "signing", "code");
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return await new LabKeys(options).load(call);
}
