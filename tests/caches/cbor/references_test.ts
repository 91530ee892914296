import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { decode, encode, registerClass } from "../../../caches/cbor/mod.ts";
import { Random } from "./_generator.ts";
import { assertSame } from "./_same.ts";

function back<T>(value: T): T {
  const copy = decode(encode(value)) as T;
  assertSame(copy, value);
  return copy;
}

Deno.test("what is one object stays one object, whatever its type", () => {
  const shared: object[] = [
    ...[{ a: 1 }, [1], new Map([[1, 2]]), new Map([[{}, 2]]), new Set([1]), new Date(5), /x/g],
    ...[new URL("data:,"), new Error("e"), new DOMException("d"), Object.create(null), [1, , 2]],
    ...[Uint8Array.of(1), Float64Array.of(1), new DataView(new ArrayBuffer(2)), new ArrayBuffer(1)],
  ];
  for (const object of shared) {
    const copy = back([object, { again: object }, new Set([object])]);
    assertStrictEquals(copy[0], (copy[1] as { again: object }).again);
  }
  back([shared, shared.toReversed(), new Map(shared.map((object, i) => [i, object]))]);
});

Deno.test("equal objects stay apart", () => {
  const [a, b] = back([{ x: 1 }, { x: 1 }]);
  assert(a !== b);
});

Deno.test("cycles come back as cycles", () => {
  const node: Record<string, unknown> = { name: "node" };
  node.self = node;
  node.list = [node];
  node.map = new Map<unknown, unknown>([[node, node]]);
  node.set = new Set([node]);
  node.error = new Error("cyclic", { cause: node });
  const copy = back(node);
  assertStrictEquals((copy.list as unknown[])[0], copy);
  const list: unknown[] = [1, , 2];
  list.push(list);
  back(list);
});

Deno.test("a graph of diamonds 200 levels deep takes a few thousand bytes", () => {
  let node: object = { leaf: true };
  for (let i = 0; i < 200; i++) node = { left: node, right: node };
  assert(encode(node).length < 5000);
  back(node);
});

Deno.test("views of one buffer share it again, wherever they begin", () => {
  const buffer = Uint8Array.from({ length: 64 }, (_, i) => i).buffer;
  const views = [
    ...[new Uint8Array(buffer, 1, 3), new Float64Array(buffer, 8, 2), new DataView(buffer, 5, 7)],
    ...[new Uint8Array(buffer), new Uint16Array(buffer, 2, 0), new BigInt64Array(buffer)],
  ];
  const copy = back([...views, views[0]]);
  for (const view of copy) assertStrictEquals(view!.buffer, copy[0]!.buffer);
  assertEquals(copy[0]!.buffer.byteLength, 64);
  const [view, whole] = back([new Uint8Array(buffer, 9, 1), buffer] as const);
  assertStrictEquals(view.buffer, whole);
});

Deno.test("what is not shared costs no mark", () => {
  assertEquals(encode([[], {}]).toHex(), "8280a0");
  const one = {};
  assertEquals(encode([one, one]).toHex(), "82d81ca0d81d00");
});

Deno.test("200,000 references to a few objects come back", () => {
  const objects = Array.from({ length: 10 }, (_, i) => ({ i }));
  const list = Array.from({ length: 200_000 }, (_, i) => objects[i % 10]);
  const copy = decode(encode(list)) as typeof list;
  assertEquals(new Set(copy).size, 10);
  assertStrictEquals(copy[3], copy[199_993]);
});

function objects(count: number): { i: number; part: { of: number } }[] {
  return Array.from({ length: count }, (_, i) => ({ i, part: { of: i } }));
}

Deno.test("what is shared is found wherever in a large value it is", () => {
  const many = objects(3000);
  back([...many, many[0]]);
  back([...many, ...many]);
  back([...many, many.map(({ part }) => part)]);
  back([many.map(({ part }) => part), many[2999], many[0]]);
  back(many.flatMap((one, i) => [one, many[i >> 1]!.part, { one }]));
  const tree = { left: objects(40), right: { leaves: objects(40) } };
  back([...many, tree, tree, tree.right]);
  const random = new Random(3);
  for (let round = 0; round < 200; round++) {
    const pool: unknown[][] = Array.from({ length: 2 + random.below(120) }, () => []);
    for (const list of pool) {
      for (let n = random.below(4); n > 0; n--) {
        list.push(random.below(5) ? random.pick(pool) : { alone: round });
      }
    }
    back(pool[0]);
    back(pool);
  }
});

Deno.test("a class within what is shared late is asked once, and comes back shared", () => {
  class Leaf {
    constructor(readonly data: unknown) {}
  }
  let asked = 0;
  using _ = registerClass("references/Leaf", Leaf, {
    encode: (leaf) => (asked++, { data: leaf.data }),
    decode: ({ data }) => new Leaf(data),
  });
  const leaves = Array.from({ length: 100 }, (_, i) => new Leaf([i]));
  back([...leaves, leaves.map((leaf) => leaf.data), leaves[99], leaves[0]]);
  assertEquals(asked, 100);
});
