import { assertEquals, assertThrows } from "@std/assert";
import { decode, encode } from "../../../caches/cbor/mod.ts";
import { SerializationError } from "../../../errors.ts";
import { assertSame } from "./_same.ts";

const TO_25 = Array.from({ length: 25 }, (_, i) => i + 1);

/** The examples of RFC 8949, appendix A, that the profile has, as hex and value. */
const ADMITTED: readonly (readonly [string, unknown])[] = [
  ...([["00", 0], ["01", 1], ["0a", 10], ["17", 23], ["1818", 24], ["1819", 25]] as const),
  ...([["1864", 100], ["1903e8", 1000], ["1a000f4240", 1000000]] as const),
  ["1b000000e8d4a51000", 1000000000000],
  ["1bffffffffffffffff", 18446744073709551615n],
  ["c249010000000000000000", 18446744073709551616n],
  ["3bffffffffffffffff", -18446744073709551616n],
  ["c349010000000000000000", -18446744073709551617n],
  ...([["20", -1], ["29", -10], ["3863", -100], ["3903e7", -1000]] as const),
  ["f98000", -0],
  ["fb3ff199999999999a", 1.1],
  ["f93e00", 1.5],
  ["fa7f7fffff", 3.4028234663852886e+38],
  ["fb7e37e43c8800759c", 1.0e+300],
  ["f90001", 5.960464477539063e-8],
  ["f90400", 0.00006103515625],
  ["fbc010666666666666", -4.1],
  ...([["f97c00", Infinity], ["f97e00", NaN], ["f9fc00", -Infinity]] as const),
  ...([["f4", false], ["f5", true], ["f6", null], ["f7", undefined]] as const),
  ["c11a514b67b0", new Date("2013-03-21T20:04:00Z")],
  ["c1fb41d452d9ec200000", new Date("2013-03-21T20:04:00.500Z")],
  ["40", Uint8Array.of()],
  ["4401020304", Uint8Array.of(1, 2, 3, 4)],
  ...([["60", ""], ["6161", "a"], ["6449455446", "IETF"], ["62225c", '"\\']] as const),
  ...([["62c3bc", "\u00fc"], ["63e6b0b4", "\u6c34"], ["64f0908591", "\ud800\udd51"]] as const),
  ["80", []],
  ["83010203", [1, 2, 3]],
  ["8301820203820405", [1, [2, 3], [4, 5]]],
  ["98190102030405060708090a0b0c0d0e0f101112131415161718181819", TO_25],
  ["a0", {}],
  ["a26161016162820203", { a: 1, b: [2, 3] }],
  ["826161a161626163", ["a", { b: "c" }]],
  ["a56161614161626142616361436164614461656145", { a: "A", b: "B", c: "C", d: "D", e: "E" }],
];

/** The others, with what the profile says to them. */
const REFUSED: readonly (readonly [string, readonly string[]])[] = [
  // A float that is a safe integer is written as that integer: JavaScript cannot tell them apart.
  ["shortest form", ["f90000", "f93c00", "f97bff", "fa47c35000", "f9c400"]],
  ["shortest form", ["fa7f800000", "faff800000", "fb7ff0000000000000", "fbfff0000000000000"]],
  ["only one NaN", ["fa7fc00000", "fb7ff8000000000000"]],
  ["simple value", ["f0", "f818", "f8ff"]],
  ["tag 0 is not", ["c074323031332d30332d32315432303a30343a30305a"]],
  ["tag 23 is not", ["d74401020304"]],
  ["tag 24 is not", ["d818456449455446"]],
  ["no URL in its normal form", ["d82076687474703a2f2f7777772e6578616d706c652e636f6d"]],
  ["keys of an object must be text", ["a201020304"]],
  ["lengths must be given beforehand", [
    ...["5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff"],
    ...["9f01820203820405ff", "83018202039f0405ff", "83019f0203ff820405"],
    "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
    ...["bf61610161629f0203ffff", "826161bf61626163ff", "bf6346756ef563416d7421ff"],
  ]],
];

Deno.test(`${ADMITTED.length} examples of RFC 8949 are read, and written in the same bytes`, () => {
  for (const [hex, value] of ADMITTED) {
    assertSame(decode(Uint8Array.fromHex(hex)), value);
    assertEquals(encode(value).toHex(), hex);
  }
});

for (const [reason, documents] of REFUSED) {
  Deno.test(`examples of RFC 8949 are refused: ${reason} (${documents.length})`, () => {
    for (const hex of documents) {
      assertThrows(() => decode(Uint8Array.fromHex(hex)), SerializationError, reason, hex);
    }
  });
}
