import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode, DEFAULT_LIMITS, encode, type Limits } from "../../../caches/cbor/mod.ts";
import { SerializationError } from "../../../errors.ts";
import { BOMBS } from "./_bombs.ts";

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 1; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
}

const one = {};

/** A value that is just within a limit when it is set so. */
const EXACT: Record<keyof Limits, readonly [number, unknown]> = {
  maxBytes: [12, "12345678901"],
  maxDepth: [3, [{ a: new Map([[1, 2]]) }]],
  maxItems: [8, [1, { a: 1, b: new Set([3]) }, []]],
  maxBigintBytes: [10, 2n ** 80n - 1n],
  maxHoles: [5, [[, , ,], [1, , ,]]],
  maxReferences: [4, [one, one, one, one]],
  maxRegExpLength: [6, /abc\/d/g],
};

for (const name of Object.keys(EXACT) as (keyof Limits)[]) {
  Deno.test(`${name}: what is within is written and read, one more is refused by both`, () => {
    const [limit, value] = EXACT[name];
    const bytes = encode(value, { limits: { [name]: limit } });
    decode(bytes, { limits: { [name]: limit } });
    const less = { limits: { [name]: limit - 1 } };
    assertThrows(() => encode(value, less), SerializationError, `${name}`);
    assertThrows(() => decode(bytes, less), SerializationError, `${name}`);
  });
}

Deno.test("256 levels are the default, a hundred thousand are only a question of the limit", () => {
  decode(encode(nested(256)));
  assertThrows(() => encode(nested(257)), SerializationError, "deeper than 256 levels (maxDepth)");
  const limits = { maxDepth: 100_000 };
  const deep = encode(nested(100_000), { limits });
  assertThrows(() => decode(deep), SerializationError, "deeper than 256 levels (maxDepth)");
  assertEquals(encode(decode(deep, { limits }), { limits }), deep);
});

Deno.test("a limit that is no whole number is a RangeError that names it", () => {
  assertThrows(() => encode(1, { limits: { maxDepth: -1 } }), RangeError, "maxDepth must be");
  assertThrows(
    () => decode(encode(1), { limits: { maxItems: 1.5 } }),
    RangeError,
    "maxItems must be",
  );
});

Deno.test("limits that are left out are the defaults", () => {
  assert(Object.isFrozen(DEFAULT_LIMITS));
  const limits = { maxDepth: undefined, maxItems: 3 };
  assertEquals(decode(encode(nested(3), { limits }), { limits }), nested(3));
});

for (const [name, bomb] of Object.entries(BOMBS)) {
  Deno.test(`bomb: ${name} is refused`, () => {
    assertThrows(() => decode(bomb()), SerializationError);
  });
}

Deno.test("values that are bombs are refused before they are written", () => {
  const limits = DEFAULT_LIMITS;
  assertThrows(() => encode(new Array(2 ** 32 - 1)), SerializationError, "maxItems");
  assertThrows(() => encode(new Array(limits.maxHoles + 1)), SerializationError, "maxHoles");
  assertThrows(() => encode(1n << 65_536n), SerializationError, "maxBigintBytes");
  assertThrows(() => encode(new RegExp("a".repeat(4097))), SerializationError, "maxRegExpLength");
});
