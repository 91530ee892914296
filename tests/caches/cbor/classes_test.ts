import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { decode, encode, registerClass } from "../../../caches/cbor/mod.ts";
import { SerializationError } from "../../../errors.ts";

class Forest {
  constructor(readonly trees: unknown) {}
}
class Pine extends Forest {}

function registerForest(): Disposable {
  return registerClass("Forest", Forest, {
    encode: (forest) => ({ trees: forest.trees }),
    decode: ({ trees }) => new Forest(trees),
  });
}

Deno.test("instances of a registered class come back, shared ones as one", () => {
  using _ = registerForest();
  const forest = new Forest([1, new Forest("inner")]);
  const copy = decode(encode([forest, forest])) as [Forest, Forest];
  assertInstanceOf(copy[0], Forest);
  assertStrictEquals(copy[0], copy[1]);
  assertInstanceOf((copy[0].trees as unknown[])[1], Forest);
});

Deno.test("a class is asked for the data of an instance only once", () => {
  let asked = 0;
  using _ = registerClass("Counted", Forest, {
    encode: (forest) => [++asked, forest.trees],
    decode: ([, trees]) => new Forest(trees),
  });
  const forest = new Forest(1);
  encode([forest, forest, {}]);
  assertEquals(asked, 1);
});

Deno.test("a subclass is not meant", () => {
  using _ = registerForest();
  assertThrows(
    () => encode([new Pine(1)]),
    SerializationError,
    "value[0]: class Pine is not registered",
  );
});

Deno.test("a class that the reader did not register is not made", () => {
  let bytes: Uint8Array;
  {
    using _ = registerForest();
    bytes = encode(new Forest(1));
  }
  assertThrows(() => decode(bytes), SerializationError, 'class "Forest" is not registered');
  assertThrows(() => encode(new Forest(1)), SerializationError, "class Forest is not registered");
});

Deno.test("a name or class registered twice is refused, and again free once disposed", () => {
  {
    using _ = registerForest();
    const codec = { encode: () => 1, decode: () => new Pine(1) };
    assertThrows(
      () => registerClass("Forest", Pine, codec),
      SerializationError,
      '"Forest" already',
    );
    assertThrows(
      () => registerClass("Wood", Forest, { ...codec, decode: () => new Forest(1) }),
      SerializationError,
      'registered already, as "Forest"',
    );
  }
  registerForest()[Symbol.dispose]();
  const first = registerForest();
  first[Symbol.dispose]();
  using _second = registerForest();
  first[Symbol.dispose]();
  assert(encode(new Forest(1)).length > 0);
});

Deno.test("names of the format, built-in classes and empty names cannot be registered", () => {
  const codec = { encode: () => 1, decode: (): never => assert(false) as never };
  assertThrows(() => registerClass("TypeError", Forest, codec), TypeError, "uses that name");
  assertThrows(() => registerClass("Mine", Map, codec), TypeError, "Map cannot be registered");
  assertThrows(() => registerClass("", Forest, codec), TypeError, "1 to 200 characters");
  assertThrows(() => registerClass("\ud800", Forest, codec), TypeError, "1 to 200 characters");
});

Deno.test("an instance within its own data is refused when it is written", () => {
  using _ = registerForest();
  const trees: unknown[] = [];
  const forest = new Forest(trees);
  trees.push({ home: forest });
  assertThrows(
    () => encode([forest]),
    SerializationError,
    "value[0]<Forest>.trees[0].home: is the Forest",
  );
});

Deno.test("an instance within its own data is refused when it is read", () => {
  using _ = registerForest();
  const itself = Uint8Array.fromHex("d81cd81b8266466f72657374d81d00");
  assertThrows(() => decode(itself), SerializationError, "refers to itself before it can be made");
});

Deno.test("what a class throws or gives wrongly becomes an error with a cause", () => {
  const cause = new RangeError("no trees");
  {
    using _ = registerClass("Bad", Forest, {
      encode: () => {
        throw cause;
      },
      decode: () => new Forest(1),
    });
    const error = assertThrows(() => encode({ a: new Forest(1) }), SerializationError, "no trees");
    assertStrictEquals(error.cause, cause);
    assert(error.message.startsWith("value.a: "));
  }
  using _ = registerClass("Bad", Forest, { encode: () => 1, decode: () => ({}) as Forest });
  const bytes = encode(new Forest(1));
  assertThrows(() => decode(bytes), SerializationError, "gave no instance of it");
});

Deno.test("classes may write and read documents of their own meanwhile", () => {
  using _ = registerClass("Boxed", Forest, {
    encode: (forest) => encode([forest.trees]),
    decode: (bytes) => new Forest((decode(bytes) as unknown[])[0]),
  });
  const copy = decode(encode(["before", new Forest({ a: [1] }), "after"])) as [
    string,
    Forest,
    string,
  ];
  assertEquals(copy[1].trees, { a: [1] });
  assertEquals([copy[0], copy[2]], ["before", "after"]);
});
