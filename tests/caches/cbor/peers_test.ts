/** What other people's CBOR libraries make of our documents, and we of theirs. */
import { assertEquals, assertInstanceOf } from "@std/assert";
import * as cbor2 from "cbor2";
import * as cborg from "cborg";
import { decode, encode } from "../../../caches/cbor/mod.ts";
import { Random } from "./_generator.ts";
import { assertSame } from "./_same.ts";

const COUNT = 1500;

/** Values of the types that every CBOR library knows. */
function plainValue(random: Random, depth: number): unknown {
  switch (random.below(depth > 0 ? 9 : 6)) {
    case 0:
      return random.pick([null, true, false, undefined]);
    case 1:
      return random.below(2 ** 20) - 2 ** 19;
    case 2:
      return random.pick([2 ** 53 - 1, 1 - 2 ** 53, 2 ** 32, -(2 ** 32), 23, 24, 255, 256, 65536]);
    case 3:
      return random.pick([0.5, 0.1, 2 ** -24, 2 ** -149, 5e-324, 1e300, Infinity, NaN, -1.5]);
    case 4:
      return random.pick(["", "a", "äöü", "水", "😀", "x".repeat(300), "é".repeat(30_000)]);
    case 5:
      return random.bytes(random.below(300));
    case 6:
    case 7:
      return Array.from({ length: random.below(5) }, () => plainValue(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(5) }, () => [
          `k${random.below(99)}x`,
          plainValue(random, depth - 1),
        ]),
      );
  }
}

function plainValues(seed: number): unknown[] {
  const random = new Random(seed);
  return Array.from({ length: COUNT }, () => plainValue(random, 4));
}

const RICH: readonly unknown[] = [
  ...[-0, new Date(1_700_000_000_123), new Date(0), /a\/b/g, /x/, new Set([1, "a"]), 2n ** 70n, 5n],
  ...[-(2n ** 70n), 2n ** 60n, new URL("https://example.org/?a=b#c"), Uint8ClampedArray.of(1)],
  ...[
    Int8Array.of(-1),
    Uint16Array.of(258),
    Int16Array.of(-2),
    Uint32Array.of(1),
    Int32Array.of(-3),
  ],
  ...[Float32Array.of(0.5), Float64Array.of(0.1), BigInt64Array.of(-4n)],
  ...[BigUint64Array.of(5n), "\ud800", "a\udfff"],
];

Deno.test(`cborg, in its strict mode, reads ${COUNT} documents of ours as they were`, () => {
  const options = { strict: true, rejectDuplicateMapKeys: true, allowIndefinite: false };
  for (const value of plainValues(1)) assertSame(cborg.decode(encode(value), options), value);
});

Deno.test(`${COUNT} documents of cborg in its form of RFC 8949 are read as they were`, () => {
  for (const value of plainValues(2)) {
    assertEquals(decode(cborg.encode(value, cborg.rfc8949EncodeOptions)), value);
  }
});

Deno.test(`cbor2 reads ${COUNT} documents of ours as they were`, () => {
  // Its byte arrays are parts of the document, hence not assertSame().
  for (const value of plainValues(3)) assertEquals(cbor2.decode(encode(value)), value);
});

Deno.test(`${COUNT} documents of cbor2 are read as they were`, () => {
  for (const value of plainValues(4)) {
    if (typeof value === "bigint") continue;
    assertSame(decode(cbor2.encode(value)), value);
  }
});

Deno.test("cbor2 reads dates, sets, patterns, URLs, bignums, typed arrays and WTF-8 of ours", () => {
  for (const value of RICH) assertEquals(cbor2.decode(encode(value)), value);
  const tagged = cbor2.decode(encode(new Map([[1, "a"]])));
  assertInstanceOf(tagged, cbor2.Tag);
  assertEquals([Number(tagged.tag), tagged.contents], [259, new Map([[1, "a"]])]);
});

Deno.test("we read dates, sets, patterns, URLs, bignums, typed arrays and WTF-8 of cbor2", () => {
  for (const value of RICH) {
    // It writes small bigints as integers, which come back as numbers.
    if (value !== 5n) assertSame(decode(cbor2.encode(value, { wtf8: true })), value);
  }
});

/** Reads documents as hex, one a line, and writes for each what it read, once more in CBOR. */
const PYTHON = `
import sys, cbor2
for line in sys.stdin:
    value = cbor2.loads(bytes.fromhex(line))
    print(cbor2.dumps(value, canonical=False).hex())
`;

async function pythonIsHere(): Promise<boolean> {
  const { state } = await Deno.permissions.query({ name: "run", command: "python3" });
  if (state !== "granted") return false;
  const python = new Deno.Command("python3", { args: ["-c", "import cbor2"], stderr: "null" });
  return (await python.output().catch(() => undefined))?.success ?? false;
}

Deno.test("cbor2 of Python reads documents of ours, and we read what it makes of them", async () => {
  if (!await pythonIsHere()) {
    console.log("skipped: needs --allow-run=python3 and Python's cbor2");
    return;
  }
  const values = plainValues(5).slice(0, 300).filter((value) => !holdsFloat(value));
  const python = new Deno.Command("python3", {
    args: ["-c", PYTHON],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = values.map((value) => `${encode(value).toHex()}\n`).join("");
  const [{ stdout, success }] = await Promise.all([
    python.output(),
    new Blob([lines]).stream().pipeTo(python.stdin),
  ]);
  assertEquals(success, true);
  const back = new TextDecoder().decode(stdout).trim().split("\n");
  assertEquals(back.map((hex) => decode(Uint8Array.fromHex(hex))), values);
});

/** Python writes every float in 64 bits unless told to sort keys as well. */
function holdsFloat(value: unknown): boolean {
  if (typeof value === "number") return !Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return Object.values(value).some(holdsFloat);
}
