import { assert, assertEquals } from "@std/assert";
import { keyOf, placeOf } from "../../storages/_place.ts";

Deno.test("a key without capitals is its own place", () => {
  for (const key of ["a", "square__0123", "-", "_", "0", "a".repeat(200), "com10", "console"]) {
    assertEquals(placeOf(key), key);
  }
});

Deno.test("places are as they were written down", () => {
  assertEquals(placeOf("Square"), "Square~b");
  assertEquals(placeOf("SQUARE"), "SQUARE~pd");
  assertEquals(placeOf("fiveX"), "fiveX~ab");
  assertEquals(placeOf("nul"), "nul~");
  assertEquals(placeOf("NUL"), "NUL~h");
  assertEquals(placeOf("com1"), "com1~");
});

Deno.test("keys that differ only in case have places that differ in more", () => {
  const places = new Set<string>();
  for (let bits = 0; bits < 2 ** 10; bits++) {
    const key = Array.from("conabcdefg", (c, n) => bits >> n & 1 ? c.toUpperCase() : c).join("");
    places.add(placeOf(key).toLowerCase());
  }
  assertEquals(places.size, 2 ** 10);
});

Deno.test("a place gives its key back, is no longer than file systems take, and is no device", () => {
  const letters = "abcXYZ019-_";
  let state = 1;
  for (let n = 0; n < 2000; n++) {
    const key = Array.from({ length: 1 + n % 200 }, () => {
      state = (state * 48271) % 2147483647;
      return letters[state % letters.length];
    }).join("");
    const place = placeOf(key);
    assertEquals(keyOf(place), key);
    assert(place.length <= 251);
  }
  for (const device of ["con", "CON", "prn", "Aux", "NUL", "com0", "COM9", "lpt1"]) {
    assert(placeOf(device).includes("~"));
    assertEquals(keyOf(placeOf(device)), device);
  }
  assertEquals(placeOf("A".repeat(200)).length, 251);
});

Deno.test("a name that no key gives is no place", () => {
  const names = [
    "",
    "Square",
    "NUL",
    "nul",
    "a~",
    "a~b",
    "Square~",
    "Square~ba",
    "Square~c",
    "Square~B",
  ];
  for (const name of [...names, "a.b", "..", "a b", "é", "~", "~b", "A~b~b", "x".repeat(201)]) {
    assertEquals(keyOf(name), undefined, name);
  }
});
