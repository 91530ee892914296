import { assertThrows } from "@std/assert";
import { encode } from "../../../caches/cbor/mod.ts";
import { SerializationError } from "../../../errors.ts";
import { runInNewContext } from "node:vm";

class Forest {}
class Samples extends Float64Array {}
class OwnError extends Error {}

function fail(message: string): never {
  throw new Error(message);
}

function withProperty<T extends object>(object: T, key: PropertyKey, enumerable = true): T {
  return Object.defineProperty(object, key, { value: 1, enumerable });
}

function detached(): Uint8Array {
  const view = new Uint8Array(8);
  view.buffer.transfer();
  return view;
}

/** A value, and what the message must say: the path first. */
const REFUSED: Record<string, readonly [unknown, string]> = {
  "a function": [{ a: [() => 1] }, "result.a[0]: is a function"],
  "a symbol": [new Map([["k", Symbol("s")]]), 'result.get("k"): is a symbol'],
  "a promise": [[Promise.resolve()], "result[0]: is a Promise; await it"],
  "a WeakMap": [new WeakMap(), "result: is a WeakMap"],
  "an instance of a class": [
    { models: [1, 2, new Forest()] },
    "result.models[2]: class Forest is not registered",
  ],
  "an error of a class of its own": [new OwnError(), "result: class OwnError is not registered"],
  "a typed array of a class of its own": [
    new Samples(2),
    "result: is a Samples, a class of its own",
  ],
  "an accessor property": [{
    ok: 1,
    get "a b"() {
      return fail("was called");
    },
  }, 'result["a b"]: is an accessor'],
  "an accessor without a getter": [{
    set a(_: unknown) {
      fail("was called");
    },
  }, "result.a: is an accessor"],
  "a symbol as a key": [{ [Symbol("s")]: 1 }, "result: is an Object with a property [Symbol(s)]"],
  "a hidden property": [
    withProperty({ a: 1 }, "h", false),
    "result.h: is a property that is not enumerable",
  ],
  "an array with properties": [
    Object.assign([1], { columns: ["a"] }),
    "an array with a property .columns",
  ],
  "a long array with properties": [withProperty(Array(1e5).fill(0), "x"), "with a property .x"],
  "a long array with a hidden property": [withProperty(Array(1e5).fill(0), "x", false), ".x"],
  "a long array with a symbol": [withProperty(Array(1e5).fill(0), Symbol("y")), "[Symbol(y)]"],
  "a sparse array with properties": [withProperty([, 1], "x"), "with a property .x"],
  "the match of a regular expression": [/a/.exec("a"), "with a property .index"],
  "a template's strings": [((strings: TemplateStringsArray) => strings)`a`, "with a property .raw"],
  "a typed array with properties": [
    withProperty(new Uint8Array(2), "x", false),
    "with a property .x",
  ],
  "a long typed array with properties": [
    withProperty(new Uint8Array(1e5), "x"),
    "with a property .x",
  ],
  "a Map with properties": [withProperty(new Map(), "x"), "a Map with a property .x"],
  "a Set with properties": [withProperty(new Set(), "x"), "a Set with a property .x"],
  "a Date with properties": [withProperty(new Date(), "x"), "a Date with a property .x"],
  "a RegExp with properties": [withProperty(/a/, "x"), "a RegExp with a property .x"],
  "a URL with properties": [withProperty(new URL("data:,"), "x"), "a URL with a property .x"],
  "an ArrayBuffer with properties": [withProperty(new ArrayBuffer(1), "x"), "with a property .x"],
  "a DataView with properties": [withProperty(new DataView(new ArrayBuffer(1)), "x"), ".x"],
  "an error with a hidden property": [withProperty(new Error(), "x", false), 'property "x"'],
  "an error with a symbol": [withProperty(new Error(), Symbol("s")), "Symbol(s)"],
  "a RegExp in the middle of a search": [Object.assign(/a/g, { lastIndex: 1 }), "lastIndex 1; set"],
  "a Proxy": [[new Proxy({}, { get: () => fail("was asked") })], "result[0]: is a Proxy"],
  "a revoked Proxy": [
    (({ proxy, revoke }) => (revoke(), proxy))(Proxy.revocable([], {})),
    "a Proxy",
  ],
  "an object of another realm": [runInNewContext("({ a: 1 })"), "result: is of an Object class"],
  "an array of another realm": [runInNewContext("[1]"), "result: is of an Array class"],
  "a Number object": [Object(1), "result: is a Number object; give the primitive"],
  "a String object": [Object("s"), "result: is a String object"],
  "arguments": [
    (function (..._: number[]) {
      return arguments;
    })(1),
    "Symbol.iterator",
  ],
  "shared memory": [new SharedArrayBuffer(1), "shared between threads; give a copy by slice()"],
  "a view of shared memory": [
    new Uint8Array(new SharedArrayBuffer(1)),
    "a Uint8Array of memory shared",
  ],
  "a resizable buffer": [new ArrayBuffer(1, { maxByteLength: 2 }), "an ArrayBuffer of a resizable"],
  "a view of a resizable buffer": [
    new Int8Array(new ArrayBuffer(1, { maxByteLength: 2 })),
    "resizable",
  ],
  "a view of a detached buffer": [{ a: detached() }, "result.a: is a Uint8Array whose memory was"],
  "what only inherits from Map": [Object.create(Map.prototype), "inherits from Map but is none"],
  "what only inherits from Date": [Object.create(Date.prototype), "inherits from Date but is none"],
  "what only inherits from Error": [
    Object.create(Error.prototype),
    "inherits from Error but is none",
  ],
  "what only inherits from URL": [Object.create(URL.prototype), "inherits from URL but is none"],
  "what only inherits from Uint8Array": [Object.create(Uint8Array.prototype), "but is none"],
  "what only inherits from Array": [Object.create(Array.prototype), "result: is of an Array class"],
  "an iterator": [[1].values(), "is not registered"],
  "a member of a set": [new Set([1, new Forest()]), "result.values()[1]: class Forest"],
  "a key of a map": [new Map([[new Forest(), 1]]), "result.keys()[0]: class Forest"],
  "the value of an object as a key": [
    new Map([[{}, new Forest()]]),
    "result.values()[0]: class Forest",
  ],
  "the cause of an error": [new Error("", { cause: new Forest() }), "result.cause: class Forest"],
  "behind holes": [[, , new Forest()], "result[2]: class Forest"],
};

for (const [name, [value, says]] of Object.entries(REFUSED)) {
  Deno.test(`${name} is refused by path, and nothing of it runs`, () => {
    assertThrows(() => encode(value, { root: "result" }), SerializationError, says);
  });
}

Deno.test("the path begins with value where it is not said otherwise", () => {
  assertThrows(() => encode([new Forest()]), SerializationError, "value[0]: class Forest");
});

Deno.test("a refusal leaves nothing behind in the next document", () => {
  const before = encode({ a: [1, "x"] }).toHex();
  assertThrows(() => encode(["much text", () => 1]), SerializationError);
  if (encode({ a: [1, "x"] }).toHex() !== before) throw new Error("the next document differs");
});
