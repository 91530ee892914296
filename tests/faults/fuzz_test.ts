import { assertEquals } from "@std/assert";
import { fuzz } from "./_fuzz.ts";
import { makeDecoders, SHARES } from "./_fuzz_decoders.ts";

/** For each hundredth of a decoder's share. */
const MUTANTS = 100;

Deno.test("mutants whose digests fit are misses or refused, by whatever reads them, and run nothing", async (t) => {
  const decoders = await makeDecoders();
  assertEquals(decoders.map(({ name }) => name), Object.keys(SHARES));
  for (const decoder of decoders) {
    await t.step(decoder.name, async () => {
      try {
        const count = MUTANTS * SHARES[decoder.name]!;
        const { problems, ...found } = await fuzz(decoder, { first: 0, count });
        console.log(`${decoder.name}: ${JSON.stringify(found)}, ${problems.length} problems`);
        assertEquals(problems.slice(0, 3), []);
      } finally {
        await decoder.dispose?.();
      }
    });
  }
});
