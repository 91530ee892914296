import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode } from "../../../caches/cbor/mod.ts";
import { SerializationError } from "../../../errors.ts";

/** Documents that another reader might take, by what is wrong with them. */
const REFUSED: Record<string, readonly [reason: string, documents: readonly string[]]> = {
  "an end that comes too early": [
    "ends too early",
    ["", "18", "1900", "61", "f9", "fb00", "a16161", "c1", "d8", "d81d", "da4c6142", "8161"],
  ],
  "more entries than bytes": [
    "more than the bytes that follow",
    ["81", "9a00ffffff", "a1", "bb0000000100000000", "828182", "d901028201", "d90103a101"],
  ],
  "a text longer than the document": ["ends too early", ["7a1fffffff", "5b0000001000000000"]],
  "bytes after the end": ["follow the end", ["0000", "8000", "f600"]],
  "integers in a longer form": [
    "shortest form",
    ["1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3800"],
  ],
  "lengths in a longer form": [
    "shortest form",
    ["580100", "780161", "980100", "b800", "d80100", "d9001c80"],
  ],
  "floats in a longer form": ["shortest form", ["fa3fc00000", "fb3ff8000000000000", "f93c00"]],
  "bignums in a longer form": [
    "shortest form",
    ["c24100", "c2420001", "c248ffffffffffffffff", "c3490001000000000000ff"],
  ],
  "other NaNs": ["only one NaN", [
    "f97e01",
    "f9fe00",
    "f97c01",
    "fa7fc00001",
    "fb7ff8000000000001",
  ]],
  "reserved heads": ["not well-formed", ["1c", "5d", "7e", "9c", "bd", "dc"]],
  "indefinite lengths": ["given beforehand", ["5f4100ff", "7f6161ff", "9f00ff", "bf616100ff"]],
  "other simple values": ["simple value", ["e0", "f3", "f800", "f814", "f8ff", "ff", "fc"]],
  "invalid UTF-8": [
    "valid UTF-8",
    ["61ff", "62c080", "63eda080", "64f4908080", "61c3", `7818${"61".repeat(23)}c3`],
  ],
  "a repeated key": [
    "repeats the key",
    ["a2616101616102", "a3616101616202616103", "a2d9011143eda08001d9011143eda08002"],
  ],
  "a key that is no text": ["must be text", ["a10102", "a1f602", "a1410002", "a18002"]],
  "keys in an order that objects do not have": [
    "must stand before",
    ["a2616101613102", "a2613201613102"],
  ],
  "a repeated member of a set": ["repeats the member", ["d90102820101", "d9010282f97e00f97e00"]],
  "a repeated key of a map": [
    "repeats the key",
    ["d90103a201010102", "da4c61420586010180020103", "82d81c80da4c61420584d81d0001d81d0002"],
  ],
  "-0 where it cannot be": ["-0 cannot be", ["d9010281f98000", "d90103a1f9800001"]],
  "tags around something else": [
    "must be",
    [
      "c201",
      "d8204161",
      "d9010201",
      "d9010380",
      "d9524a6161",
      "d8568101",
      "da4c6142018101",
      "c16131",
    ],
  ],
  "unknown tags": [
    "is not of this format",
    ["c000", "c400", "d81880", "d9d9f700", "da4c61420600", "dbffffffffffffffff00"],
  ],
  "dates that are none": [
    "",
    ["c1f5", "c1fb3ff0002000000000", "c1f98000", "c1fb42a0000000000001", "c1f97c00", "c1c100"],
  ],
  "an extended time that need not be": ["shortest form", ["d903e9a201002201"]],
  "an extended time of other parts": [
    "extended time",
    [
      "d903e9a10100",
      "d903e9a201002200",
      "d903e9a20100221903e8",
      "d903e9a201002101",
      "d903e9a202002201",
    ],
  ],
  "typed arrays of odd length": ["multiple of", ["d8564101", "d84543010203"]],
  "typed arrays with the highest byte first": [
    "not of this format",
    ["d84040", "d84140", "d85240", "d84c40", "d85340", "d85740"],
  ],
  "views that lie outside": [
    "lie within its buffer",
    [
      "82da4c6142038418400003d81cda4c61420142ffffd81d00",
      "82da4c6142038418450101d81cda4c61420144ffffffffd81d00",
      "82da4c6142038418402001d81cda4c61420142ffffd81d00",
    ],
  ],
  "views of something else": [
    "a view must be of",
    [
      "da4c6142038418400000da4c61420140",
      "82d81c80da4c6142038418400000d81d00",
      "da4c6142038418400000d81cda4c614203",
    ],
  ],
  "holes elsewhere": ["only be in an array", [
    "da4c61420001",
    "a16161da4c61420001",
    "d9010281da4c61420001",
  ]],
  "a run of no holes": ["length of one or more", ["81da4c61420000"]],
  "two runs of holes beside each other": ["must be one", ["82da4c61420001da4c61420001"]],
  "a mark that nothing refers to": ["never referred to", ["d81c80", "82d81c8000"]],
  "marks of marks and of primitives": [
    "marked as shared",
    ["d81cd81c80", "d81c01", "d81c60", "82d81c80d81cd81d00"],
  ],
  "references forward": ["does not point back", ["d81d00", "82d81d00d81c80", "82d81c80d81d01"]],
  "objects of unknown classes": [
    "is not registered",
    ["d81b826653797374656d80", "d81b826866756e6374696f6e80"],
  ],
  "tag 27 otherwise": ["", ["d81b80", "d81b8101", "d81b820180", "d81b8361418080"]],
  "errors with other properties": [
    "",
    [
      "d81b82654572726f7201",
      "d81b82654572726f72a165737461636b01",
      "d81b826c444f4d457863657074696f6ea0",
    ],
  ],
  "URLs in another form": ["normal form", ["d82067687474703a2f2f", "d8206a687474703a2f2f412e42"]],
  "regular expressions in another form": [
    "",
    [
      "d9524a80",
      "d9524a8361616060",
      "d9524a816161",
      "d9524a82612a60",
      "d9524a826161626967",
      "d9524a826060",
      "d9524a82612f60",
    ],
  ],
  "WTF-8 that is none": [
    "",
    [
      "d9011140",
      "d901114161",
      "d9011142eda0",
      "d9011146eda080edb080",
      "d9011144f4908080",
      "d9011142c080",
    ],
  ],
  "pairs that are none": ["in pairs", [
    "da4c61420580",
    "da4c614205820102",
    "da4c6142058180",
    "d90103a18001",
  ]],
};

for (const [name, [reason, documents]] of Object.entries(REFUSED)) {
  Deno.test(`${name}: refused (${documents.length})`, () => {
    for (const hex of documents) {
      const bytes = Uint8Array.fromHex(hex);
      const error = assertThrows(() => decode(bytes), SerializationError, reason, hex);
      assert(error.message.startsWith("Not a structured result, at byte "), error.message);
    }
  });
}

Deno.test("what is no byte array is a TypeError", () => {
  assertThrows(() => decode("00" as unknown as Uint8Array), TypeError, "as a Uint8Array");
});

Deno.test("nothing that a document holds reaches a prototype", () => {
  for (
    const hex of ["a1695f5f70726f746f5f5fa1617801", "da4c614204a1695f5f70726f746f5f5fa1617801"]
  ) {
    const value = decode(Uint8Array.fromHex(hex)) as object;
    assertEquals(Object.keys(value), ["__proto__"]);
    assertEquals(({} as Record<string, unknown>).x, undefined);
  }
});

Deno.test("a frozen prototype of all objects is no hindrance", async () => {
  const script = `
    Object.freeze(Object.prototype);
    const { decode, encode } = await import(${
    JSON.stringify(new URL("../../../caches/cbor/mod.ts", import.meta.url).href)
  });
    const value = JSON.parse('{"toString": 1, "__proto__": 2, "constructor": 3, "a": 4}');
    const twice = [value, { ...value }];
    postMessage(JSON.stringify(decode(encode(twice))) === JSON.stringify(twice));`;
  const url = URL.createObjectURL(new Blob([script], { type: "application/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => (event.preventDefault(), reject(new Error(event.message)));
  assertEquals(await promise.finally(() => worker.terminate()), true);
  URL.revokeObjectURL(url);
});
