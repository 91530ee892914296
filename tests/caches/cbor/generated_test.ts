import { assertEquals } from "@std/assert";
import { decode, encode, encodeChunks } from "../../../caches/cbor/mod.ts";
import { SerializationError } from "../../../errors.ts";
import { Random, ValueGenerator } from "./_generator.ts";
import { mutate } from "./_mutate.ts";
import { assertSame } from "./_same.ts";

const VALUES = 6000;
const MUTANTS = 12_000;

Deno.test(`${VALUES} generated values come back the same`, () => {
  for (let seed = 0; seed < VALUES; seed++) {
    const value = new ValueGenerator(seed).value();
    try {
      assertSame(decode(encode(value)), value);
    } catch (cause) {
      throw new Error(`seed ${seed}: ${Deno.inspect(value)}`, { cause });
    }
  }
});

Deno.test(`${VALUES} generated values are always written in the same bytes, in pieces too`, () => {
  for (let seed = 0; seed < VALUES; seed++) {
    const value = new ValueGenerator(seed).value();
    const bytes = encode(value);
    assertEquals(encode(decode(bytes)), bytes, `seed ${seed}`);
    const pieces = encodeChunks(value).flatMap((chunk) => [...chunk]);
    assertEquals(pieces, [...bytes], `seed ${seed}, in pieces`);
  }
});

Deno.test(`${MUTANTS} mutants are refused, or are the one way to write what they say`, () => {
  const random = new Random(20_001);
  let accepted = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const mutant = mutate(encode(new ValueGenerator(random.below(VALUES)).value()), random);
    let value: unknown;
    try {
      value = decode(mutant);
    } catch (error) {
      if (error instanceof SerializationError) continue;
      throw new Error(`mutant ${i}: ${mutant.toHex()}`, { cause: error });
    }
    accepted++;
    assertEquals(encode(value).toHex(), mutant.toHex(), `mutant ${i}`);
  }
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
  console.log(`${accepted} of ${MUTANTS} mutants were documents too`);
});

Deno.test("100,000 documents of random bytes are refused, or are written the same", () => {
  const random = new Random(7);
  for (let i = 0; i < 100_000; i++) {
    const bytes = random.bytes(1 + random.below(24));
    let value: unknown;
    try {
      value = decode(bytes);
    } catch (error) {
      if (error instanceof SerializationError) continue;
      throw new Error(`bytes ${bytes.toHex()}`, { cause: error });
    }
    assertEquals(encode(value).toHex(), bytes.toHex());
  }
});
