import { assertEquals, assertThrows } from "@std/assert";
import { StructuredCache } from "../caches/mod.ts";
import { SerializationError } from "../errors.ts";
import { checkJsonBounds } from "../json_bounds.ts";
import { bytesOf } from "../testing/_storage_scene.ts";
import { held, namesOf, saved } from "./caches/_saving.ts";

const BOUNDS = { maxDepth: 3, maxItems: 5 };

Deno.test("JSON within the bounds is let pass, one level or member more is refused", () => {
  for (const fine of ["1", "[[[1]]]", '{"a":[1,2,3]}', "[1,2,3,4,5]", '["[[[[,,,,,,\\"[[[["]']) {
    checkJsonBounds(bytesOf(fine), BOUNDS);
  }
  for (
    const [text, message] of [
      ["[[[[]]]]", "deeper than 3 levels"],
      ['[[[{"a":1}]]]', "deeper than 3 levels"],
      ["[1,2,3,4,5,6]", "more than 5 members"],
      ["[[],[],[],{}]", "more than 5 members"],
      ['["\\\\",1,2,3,4,5]', "more than 5 members"],
    ] as const
  ) assertThrows(() => checkJsonBounds(bytesOf(text), BOUNDS), SerializationError, message);
});

Deno.test("what would compress as well as a bomb does is saved as it is, and comes back", async () => {
  const value = new Uint8Array(17 * 2 ** 20);
  for (const compress of ["zstd", "gzip"] as const) {
    const cache = new StructuredCache({ compress });
    assertEquals(await namesOf(await saved(cache, value)), ["metadata.json", "result.cbor"]);
    assertEquals((await held(cache, value) as Uint8Array).length, value.length);
    const small = new Uint8Array(2 ** 20);
    const [, file] = await namesOf(await saved(cache, small));
    assertEquals(file, `result.cbor.${compress === "zstd" ? "zst" : "gz"}`);
    assertEquals((await held(cache, small) as Uint8Array).length, small.length);
  }
});
