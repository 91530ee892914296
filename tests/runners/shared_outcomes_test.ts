import { assertEquals } from "@std/assert";
import { encode } from "../../caches/cbor/mod.ts";
import { SharedOutcomes } from "../../runners/_shared_outcomes.ts";
import { pack, unpack } from "../../runners/_transport.ts";

const PLACES = 4;

function made(): { outcomes: SharedOutcomes; memory: SharedArrayBuffer } {
  const memory = new SharedArrayBuffer(8 + SharedOutcomes.sizeFor(PLACES));
  return { outcomes: new SharedOutcomes(memory, 8, PLACES), memory };
}

const NUMBERS = { kind: "done", start: 1.7e12, duration: 0.125, took: 3.5 } as const;

for (
  const value of [
    ...[undefined, null, true, false, 0, -0, NaN, Infinity, 2 ** 53, "", "text", "é".repeat(500)],
    ...[[], { a: [1, 2n, new Date(0)] }, new Map([[1, new Set("ab")]]), new Uint8Array(900)],
  ]
) {
  const shown = Deno.inspect(value, { strAbbreviateSize: 20, iterableLimit: 5, breakLength: 200 });
  Deno.test(`an outcome in shared memory keeps its value: ${shown}`, () => {
    const { outcomes } = made();
    assertEquals(outcomes.put({ place: 2, ...NUMBERS, value: pack(value) }), true);
    const { value: packed, ...numbers } = outcomes.get(2);
    assertEquals(numbers, { place: 2, ...NUMBERS });
    assertEquals(unpack(packed!), value);
  });
}

Deno.test("an outcome in shared memory without a value comes back without one", () => {
  const { outcomes } = made();
  outcomes.put({ place: 0, ...NUMBERS, value: pack("before") });
  assertEquals(outcomes.put({ place: 0, ...NUMBERS }), true);
  assertEquals(outcomes.get(0), { place: 0, ...NUMBERS, value: undefined });
});

Deno.test("outcomes in shared memory: what is large, or no plain data, goes by a message", () => {
  const { outcomes } = made();
  const apart = { cbor: encode([]), apart: new Map([[0, new Uint8Array(8)]]) };
  for (
    const value of [
      pack("x".repeat(1025)),
      pack(new Uint8Array(1025)),
      pack("\ud800"),
      pack(1n),
      apart,
    ]
  ) assertEquals(outcomes.put({ place: 1, ...NUMBERS, value }), false);
});

Deno.test("outcomes in shared memory: each place has its own room", () => {
  const { outcomes } = made();
  const valueAt = (place: number) => new Uint8Array(1000).fill(place + 1);
  for (let place = 0; place < PLACES; place++) {
    assertEquals(outcomes.put({ place, ...NUMBERS, value: pack(valueAt(place)) }), true);
  }
  for (let place = 0; place < PLACES; place++) {
    assertEquals(unpack(outcomes.get(place).value!), valueAt(place));
  }
});

Deno.test("outcomes in shared memory: what is read is a copy, and never more than the room", () => {
  const { outcomes, memory } = made();
  outcomes.put({ place: 3, ...NUMBERS, value: pack([7]) });
  const before = outcomes.get(3);
  const kinds = new Int32Array(memory, 8 + 4 * 8 * PLACES, PLACES);
  kinds[3] = 2 ** 31 - 1;
  const { value } = outcomes.get(3);
  assertEquals((value as { cbor: Uint8Array }).cbor.length, 1024);
  new Uint8Array(memory).fill(255);
  assertEquals(unpack(before.value!), [7]);
  assertEquals(outcomes.get(3).value, undefined); // no kind that there is
});
