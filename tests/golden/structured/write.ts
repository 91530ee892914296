/**
 * Writes the golden files that are missing.
 *
 *     deno run --allow-read --allow-write tests/golden/structured/write.ts
 *
 * @module
 */
import { encode, registerClass } from "../../../caches/cbor/mod.ts";
import { FOREST_NAME, Forest, forestCodec, VERSION_1 } from "./values.ts";

using _ = registerClass(FOREST_NAME, Forest, forestCodec);
for (const [name, value] of Object.entries(VERSION_1)) {
  const file = new URL(`v1/${name}.cbor`, import.meta.url);
  try {
    await Deno.writeFile(file, encode(value()), { createNew: true });
    console.log(`wrote v1/${name}.cbor`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}
