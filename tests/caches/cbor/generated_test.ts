import { assertEquals } from "@std/assert";
import { decode, encode, encodeChunks } from "../../../caches/cbor/mod.ts";
import { SerializationError } from "../../../errors.ts";
import { Random, ValueGenerator } from "./_generator.ts";
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

/** Changes a bit, a byte or a length; cuts, doubles or joins. */
function mutate(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const list = [...bytes];
  const at = random.below(list.length);
  switch (random.below(7)) {
    case 0:
      list[at]! ^= 1 << random.below(8);
      break;
    case 1:
      list[at] = random.below(256);
      break;
    case 2:
      list.splice(at, 1 + random.below(4));
      break;
    case 3:
      list.splice(at, 0, ...random.bytes(1 + random.below(4)));
      break;
    case 4:
      list.splice(at, 0, ...list.slice(at, at + random.below(9)));
      break;
    case 5:
      list.splice(at, 1, random.pick([0xd8, 0xd9, 0xda, 0x9b, 0xbb, 0x5b, 0x7b, 0xfb, 0xff]));
      break;
    default:
      list.splice(at, 0, ...random.pick([[0xd8, 0x1c], [0xd8, 0x1d, 0], [0xda, 0x4c, 0x61, 0x42]]));
  }
  return Uint8Array.from(list);
}
