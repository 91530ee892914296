import { assertEquals } from "@std/assert";
import {
  decode,
  encode,
  registerClass,
  STRUCTURED_FORMAT_VERSION,
} from "../../../caches/cbor/mod.ts";
import { Forest, FOREST_NAME, forestCodec, VERSION_1 } from "../../golden/structured/values.ts";
import { assertSame } from "./_same.ts";

const folder = new URL("../../golden/structured/v1/", import.meta.url);

for (const [name, value] of Object.entries(VERSION_1)) {
  Deno.test(`golden file v1/${name}.cbor loads as what it was, and is still written so`, async () => {
    using _ = registerClass(FOREST_NAME, Forest, forestCodec);
    const bytes = await Deno.readFile(new URL(`${name}.cbor`, folder));
    assertSame(decode(bytes), value());
    if (STRUCTURED_FORMAT_VERSION === 1) assertEquals(encode(value()).toHex(), bytes.toHex());
  });
}

Deno.test("every golden file has its value", async () => {
  const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).toSorted();
  assertEquals(files, Object.keys(VERSION_1).map((name) => `${name}.cbor`).toSorted());
});
