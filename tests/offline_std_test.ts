/** What this project relies on in `@std`; holds for the real packages and for the stand-ins. */
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unimplemented,
  unreachable,
} from "@std/assert";
import { assertEquals as assertEqualsAlone } from "@std/assert/equals";
import { copy, emptyDir, ensureDir, exists, walk, type WalkOptions } from "@std/fs";
import { existsSync } from "@std/fs/exists";
import { walkSync } from "@std/fs/walk";
import * as path from "@std/path";
import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import { toFileUrl } from "@std/path/to-file-url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";
import { assertSpyCallArgs, assertSpyCalls, spy, stub } from "@std/testing/mock";
import {
  type Assert,
  type AssertFalse,
  type AssertTrue,
  assertType,
  type Has,
  type IsAny,
  type IsExact,
  type IsNever,
  type IsNullable,
  type IsUnknown,
  type NotHas,
} from "@std/testing/types";

/** Runs the claim, which must not hold; returns how it says so. */
function refused(claim: () => void): string {
  try {
    claim();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error(`Expected the claim not to hold: ${claim}`);
}

class Point {
  constructor(readonly x: number, readonly y: number) {}
  get norm(): number {
    return Math.hypot(this.x, this.y);
  }
}

class Place extends Point {}

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;
const otherCyclic: { self?: unknown } = {};
otherCyclic.self = otherCyclic;
const mark = Symbol("mark");

describe("equal", () => {
  const same: [string, unknown, unknown][] = [
    ["NaN and itself", NaN, NaN],
    ["0 and -0", 0, -0],
    ["NaN inside", [NaN, { a: NaN }], [NaN, { a: NaN }]],
    ["0 and -0 inside", new Float64Array([0]), new Float64Array([-0])],
    ["properties in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
    ["maps in another order", new Map([[1, "a"], [2, "b"]]), new Map([[2, "b"], [1, "a"]])],
    ["sets of objects", new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }])],
    ["maps with object keys", new Map([[{ a: 1 }, [1]]]), new Map([[{ a: 1 }, [1]]])],
    ["dates of one time", new Date(5), new Date(5)],
    ["invalid dates", new Date(NaN), new Date(NaN)],
    ["patterns", /a/gi, /a/gi],
    ["URLs", new URL("file:///a"), new URL("file:///a")],
    ["typed arrays", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ["buffers", new ArrayBuffer(2), new ArrayBuffer(2)],
    ["bigints", 2n ** 70n, 2n ** 70n],
    ["instances", new Point(1, 2), new Point(1, 2)],
    ["an object without a prototype", Object.create(null), {}],
    ["cycles", cyclic, otherCyclic],
    ["symbols as keys", { [mark]: 1 }, { [mark]: 1 }],
  ];
  for (const [what, a, b] of same) {
    it(`holds for ${what}`, () => {
      assert(equal(a, b));
      assert(equal(b, a));
      assertEquals(a, b);
      refused(() => assertNotEquals(a, b));
    });
  }

  const different: [string, unknown, unknown][] = [
    ["1 and the text 1", 1, "1"],
    ["a number and a bigint", 1, 1n],
    ["null and undefined", null, undefined],
    ["an absent property and an undefined one", {}, { a: undefined }],
    ["an absent key and an undefined one", { a: undefined, b: 1 }, { c: undefined, b: 1 }],
    ["arrays of another length", [1], [1, undefined]],
    ["an array and a typed array", [1], new Uint8Array([1])],
    ["typed arrays of another type", new Uint8Array([1]), new Int8Array([1])],
    ["typed arrays of other values", new Uint8Array([1]), new Uint8Array([2])],
    ["dates of another time", new Date(5), new Date(6)],
    ["a date and its text", new Date(0), new Date(0).toISOString()],
    ["patterns with other flags", /a/g, /a/i],
    ["URLs", new URL("file:///a"), new URL("file:///b")],
    ["sets", new Set([1]), new Set([2])],
    ["sets of objects", new Set([{ a: 1 }]), new Set([{ a: 2 }])],
    ["a set and a map", new Set(), new Map()],
    ["maps with other values", new Map([[1, { a: 1 }]]), new Map([[1, { a: 2 }]])],
    ["instances of another class", new Point(1, 2), new Place(1, 2)],
    ["an instance and a plain object", new Point(1, 2), { x: 1, y: 2 }],
    ["symbols as keys", { [mark]: 1 }, { [mark]: 2 }],
    ["two functions", () => 1, () => 1],
    ["errors with other messages", new Error("a"), new Error("b")],
    ["an object and null", {}, null],
  ];
  for (const [what, a, b] of different) {
    it(`does not hold for ${what}`, () => {
      assertFalse(equal(a, b));
      assertFalse(equal(b, a));
      assertNotEquals(a, b);
      refused(() => assertEquals(a, b));
    });
  }

  it("refuses what nobody can look into", () => {
    assertThrows(() => equal(new WeakMap(), new WeakMap()), TypeError, "WeakMap");
  });
});

describe("assertions", () => {
  it("end their failures in the message given", () => {
    assertStringIncludes(refused(() => assertEquals(1, 2, "sums")), "sums");
    assertEquals(refused(() => assert(0, "zero")), "zero");
    assertEquals(refused(() => assertFalse(1, "one")), "one");
    assertEquals(refused(() => fail("now")), "Failed assertion: now");
    assertEquals(refused(() => unreachable("never")), "Unreachable: never");
    assertEquals(refused(() => unimplemented()), "Unimplemented.");
  });

  it("show both sides of what is not equal", () => {
    const message = refused(() => assertEquals({ a: [1, 2] }, { a: [1, 333] }));
    assertStringIncludes(message, "Values are not equal");
    assertStringIncludes(message, "333");
  });

  it("narrow types", () => {
    const value = "text" as string | undefined;
    assertExists(value);
    assertType<IsExact<typeof value, string>>(true);
    const point: unknown = new Point(1, 2);
    assertInstanceOf(point, Point);
    assertEquals(point.x, 1);
    const literal: unknown = 5;
    assertStrictEquals(literal, 5 as const);
    assertType<IsExact<typeof literal, 5>>(true);
    const error: unknown = new RangeError("far");
    assertIsError(error, RangeError);
    assertType<IsExact<typeof error, RangeError>>(true);
  });

  it("tell presence, falsehood and classes", () => {
    assertExists(0);
    refused(() => assertExists(null));
    refused(() => assertExists(undefined));
    assertFalse("");
    assertInstanceOf(new Place(1, 2), Point);
    refused(() => assertInstanceOf({}, Point));
    refused(() => assertInstanceOf(null, Point));
    assertNotInstanceOf({}, Point);
    refused(() => assertNotInstanceOf(new Place(1, 2), Point));
  });

  it("take strict equality as Object.is", () => {
    assertStrictEquals(NaN, NaN);
    refused(() => assertStrictEquals(0, -0));
    refused(() => assertStrictEquals({}, {}));
    assertNotStrictEquals({}, {});
    refused(() => assertNotStrictEquals(NaN, NaN));
  });

  it("compare order", () => {
    assertGreater(2, 1);
    assertGreater("b", "a");
    refused(() => assertGreater(1, 1));
    assertGreaterOrEqual(1n, 1n);
    refused(() => assertGreaterOrEqual(1, 2));
    assertLess(1, 2);
    refused(() => assertLess(NaN, 2));
    assertLessOrEqual(new Date(1), new Date(1));
    refused(() => assertLessOrEqual(2, 1));
  });

  it("allow for rounding", () => {
    assertAlmostEquals(0.1 + 0.2, 0.3);
    assertAlmostEquals(-1e9, -1e9 - 1);
    assertAlmostEquals(1, 1.5, 0.5);
    refused(() => assertAlmostEquals(1, 1.5, 0.25));
    refused(() => assertAlmostEquals(1, 1.001));
    assertAlmostEquals(NaN, NaN);
    refused(() => assertAlmostEquals(NaN, 0));
    assertAlmostEquals(Infinity, Infinity);
  });

  it("look into texts and arrays", () => {
    assertStringIncludes("task", "as");
    refused(() => assertStringIncludes("task", "z"));
    assertMatch("task", /^t/);
    refused(() => assertMatch("task", /^a/));
    assertNotMatch("task", /^a/);
    refused(() => assertNotMatch("task", /^t/));
    assertArrayIncludes([1, { a: 1 }, NaN], [{ a: 1 }, NaN]);
    refused(() => assertArrayIncludes([1, 2], [3]));
  });

  it("match a part of an object", () => {
    const actual = { a: 1, b: { c: [1, { d: 2, e: 3 }, 4], f: new Date(0) }, p: new Point(1, 2) };
    assertObjectMatch(actual, { b: { c: [1, { d: 2 }] } });
    assertObjectMatch(actual, { p: { x: 1 }, b: { f: new Date(0) } });
    assertObjectMatch({ m: new Map([["a", 1], ["b", 2]]) }, { m: new Map([["a", 1]]) });
    assertObjectMatch({ s: new Set([1, 2]) }, { s: new Set([1]) });
    assertObjectMatch({ a: null, b: undefined }, { a: null });
    refused(() => assertObjectMatch(actual, { b: { c: [1, { d: 3 }] } }));
    refused(() => assertObjectMatch(actual, { z: undefined }));
    refused(() => assertObjectMatch({ a: [1] }, { a: [1, 2] }));
    refused(() => assertObjectMatch({ s: new Set([1]) }, { s: new Set([3]) }));
  });

  it("return the error that was thrown", () => {
    const error = assertThrows(
      () => {
        throw new RangeError("too far", { cause: 5 });
      },
      RangeError,
      "far",
    );
    assertType<IsExact<typeof error, RangeError>>(true);
    assertEquals(error.cause, 5);
    const value = assertThrows(() => {
      throw 5;
    });
    assertEquals(value, 5);
  });

  it("fail if nothing, another class, another message or no error is thrown", () => {
    const boom = () => {
      throw new RangeError("too far");
    };
    assertStringIncludes(refused(() => assertThrows(() => 1)), "Expected function to throw");
    assertStringIncludes(refused(() => assertThrows(() => 1, "why")), "why");
    assertStringIncludes(refused(() => assertThrows(boom, TypeError)), "TypeError");
    assertStringIncludes(refused(() => assertThrows(boom, RangeError, "near")), "near");
    refused(() =>
      assertThrows(() => {
        throw 5;
      }, Error)
    );
    assertThrows(boom, Error);
    refused(() => assertIsError("text"));
    assertIsError(new RangeError("too far"), Error, /^too/);
  });

  it("return the error that was rejected", async () => {
    const error = await assertRejects(
      () => Promise.reject(new RangeError("too far")),
      RangeError,
      "far",
    );
    assertType<IsExact<typeof error, RangeError>>(true);
    assertEquals(await assertRejects(() => Promise.reject(5)), 5);
  });

  it("fail if a promise resolves, or a function throws before it returns one", async () => {
    await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError, "reject");
    await assertRejects(
      () =>
        assertRejects(() => {
          throw new Error("at once");
        }),
      AssertionError,
      "Function throws when expected to reject",
    );
    await assertRejects(
      () => assertRejects(() => Promise.reject(new Error("a")), TypeError),
      AssertionError,
      "TypeError",
    );
    await assertRejects(
      () => assertRejects(() => Promise.reject(5), Error),
      AssertionError,
      "non-Error",
    );
  });

  it("are there one by one", () => {
    assertStrictEquals(assertEqualsAlone, assertEquals);
  });
});

describe("claims about types", () => {
  it("are checked by the compiler", () => {
    assertType<IsExact<{ a: string }, { a: string }>>(true);
    assertType<IsExact<{ a: string } & { b: number }, { a: string; b: number }>>(true);
    assertType<IsExact<string | undefined, string>>(false);
    assertType<IsExact<{ a: unknown }, { a: string }>>(false);
    assertType<IsExact<1, number>>(false);
    // deno-lint-ignore no-explicit-any
    assertType<IsExact<any, string>>(false);
    // deno-lint-ignore no-explicit-any
    assertType<IsAny<any>>(true);
    assertType<IsAny<unknown>>(false);
    assertType<IsUnknown<unknown>>(true);
    assertType<IsNever<never>>(true);
    assertType<IsNullable<string | null>>(true);
    assertType<IsNullable<string>>(false);
    assertType<Has<string | number, string>>(true);
    assertType<NotHas<string | number, boolean>>(true);
    type _Claims = [
      AssertTrue<IsExact<string, string>>,
      AssertFalse<IsExact<string, number>>,
      Assert<IsNever<string>, false>,
    ];
    // @ts-expect-error: a wrong claim must not compile
    type _Wrong = AssertTrue<IsExact<string, number>>;
    // @ts-expect-error: a wrong claim must not compile
    assertType<IsExact<string, number>>(true);
  });
});

describe("suites", () => {
  const seen: string[] = [];
  beforeAll(() => void seen.push("beforeAll"));
  beforeEach(() => void seen.push("beforeEach"));
  afterEach(() => void seen.push("afterEach"));
  afterAll(() => assertEquals(seen.splice(0), hooksInOrder));

  it("run their hooks around each test", () => {
    seen.push("first");
  });
  it("take options", { sanitizeOps: false }, () => {
    seen.push("second");
  });
  it.ignore("leave out what is ignored", () => fail());
  describe("within suites", () => {
    beforeEach(() => void seen.push("inner beforeEach"));
    afterEach(() => void seen.push("inner afterEach"));
    it("run the outer hooks first and last", () => {
      seen.push("third");
    });
  });

  const hooksInOrder = [
    "beforeAll",
    ...["beforeEach", "first", "afterEach"],
    ...["beforeEach", "second", "afterEach"],
    ...["beforeEach", "inner beforeEach", "third", "inner afterEach", "afterEach"],
  ];
});

describe("suites with a context", () => {
  beforeEach(function (this: { count: number }) {
    assertEquals(this.count, undefined);
    this.count = 1;
  });
  it("hand it from hooks to tests", function (this: { count: number }) {
    assertEquals(this.count++, 1);
  });
  it("give every test its own", function (this: { count: number }) {
    assertEquals(this.count, 1);
  });
});

describe("spies", () => {
  it("remember calls", () => {
    const add = spy((a: number, b: number) => a + b);
    assertEquals(add(1, 2), 3);
    assertSpyCalls(add, 1);
    assertSpyCallArgs(add, 0, [1, 2]);
    assertEquals(add.calls[0]!.returned, 3);
    refused(() => assertSpyCalls(add, 2));
    refused(() => assertSpyCallArgs(add, 0, [1, 3]));
  });

  it("take the place of methods and give it back", () => {
    const shop = { price: (count: number) => count * 2 };
    const { price } = shop;
    {
      using free = stub(shop, "price", () => 0);
      assertEquals(shop.price(5), 0);
      assertSpyCalls(free, 1);
    }
    assertStrictEquals(shop.price, price);
    const watched = spy(shop, "price");
    assertEquals(shop.price(5), 10);
    watched.restore();
    assertStrictEquals(shop.price, price);
    assertSpyCallArgs(watched, 0, [5]);
  });
});

const onPosix = { ignore: Deno.build.os === "windows" };

describe("paths", onPosix, () => {
  it("are joined and normalized", () => {
    assertEquals(join("a", "b", "../c"), "a/c");
    assertEquals(join("a/", "/b//", "."), "a/b");
    assertEquals(join(""), ".");
    assertEquals(join("..", "../a"), "../../a");
    assertEquals(join("/", ".."), "/");
    assertEquals(join(new URL("file:///a%20b"), "c"), "/a b/c");
    assertEquals(path.normalize("/a/./b/../../../c//"), "/c/");
    assertEquals(path.SEPARATOR, "/");
    assertEquals(path.DELIMITER, ":");
  });

  it("are taken apart", () => {
    assertEquals(path.dirname("/a/b/c.ts"), "/a/b");
    assertEquals(path.dirname("/a/b/"), "/a");
    assertEquals(path.dirname("/a"), "/");
    assertEquals(path.dirname("a"), ".");
    assertEquals(path.basename("/a/b.tar.gz"), "b.tar.gz");
    assertEquals(path.basename("/a/b.ts", ".ts"), "b");
    assertEquals(path.basename("/a/b/"), "b");
    assertEquals(path.basename("/"), "/");
    assertEquals(path.extname("a/b.tar.gz"), ".gz");
    assertEquals(path.extname(".gitignore"), "");
    assertEquals(path.extname("a."), ".");
  });

  it("are resolved and related", () => {
    assertEquals(path.resolve("/a", "b", "../c"), "/a/c");
    assertEquals(path.resolve("/a", "/b"), "/b");
    assertEquals(path.relative("/a/b", "/a/c/d"), "../c/d");
    assertEquals(path.relative("/a", "/a"), "");
    assert(path.isAbsolute("/a"));
    assertFalse(path.isAbsolute("a"));
    assertEquals(path.common(["/a/b/c", "/a/b/d"]), "/a/b/");
  });

  it("turn into URLs and back", () => {
    for (const name of ["/a b", "/100%", "/ü/ß", "/a#b?c", "/a\\b", "/tab\there"]) {
      assertEquals(fromFileUrl(toFileUrl(name)), name);
      assertEquals(fromFileUrl(toFileUrl(name).href), name);
    }
    assertEquals(toFileUrl("/a b%").href, "file:///a%20b%25");
    assertThrows(() => toFileUrl("a"), TypeError, "must be absolute");
    assertThrows(() => fromFileUrl("https://a/b"), TypeError, "must be a file URL");
    assertStrictEquals(path.fromFileUrl, fromFileUrl);
  });
});

describe("files", () => {
  let root: string;
  beforeEach(async () => {
    root = await Deno.makeTempDir();
    await Deno.mkdir(join(root, "a", "b"), { recursive: true });
    await Deno.writeTextFile(join(root, "a", "one.ts"), "1");
    await Deno.writeTextFile(join(root, "a", "b", "two.txt"), "2");
  });
  afterEach(() => Deno.remove(root, { recursive: true }));

  async function list(options?: WalkOptions): Promise<string[]> {
    const start = join(root, "a");
    const entries = await Array.fromAsync(walk(start, options));
    assertEquals([...walkSync(start, options)], entries);
    return entries.map((entry) => path.relative(root, entry.path).replaceAll("\\", "/")).sort();
  }

  it("are walked, the root too", async () => {
    assertEquals(await list(), ["a", "a/b", "a/b/two.txt", "a/one.ts"]);
    assertEquals(await list({ includeDirs: false }), ["a/b/two.txt", "a/one.ts"]);
    assertEquals(await list({ includeFiles: false }), ["a", "a/b"]);
    assertEquals(await list({ maxDepth: 1 }), ["a", "a/b", "a/one.ts"]);
    assertEquals(await list({ exts: ["ts"] }), ["a/one.ts"]);
    assertEquals(await list({ match: [/two/] }), ["a/b/two.txt"]);
    assertEquals(await list({ skip: [/b$/] }), ["a", "a/one.ts"]);
  });

  it("exist or not", async () => {
    assert(await exists(join(root, "a")));
    assert(await exists(path.toFileUrl(join(root, "a")), { isDirectory: true }));
    assertFalse(await exists(join(root, "a"), { isFile: true }));
    assertFalse(await exists(join(root, "z")));
    assertFalse(await exists(join(root, "a", "one.ts"), { isDirectory: true }));
    assert(existsSync(join(root, "a", "one.ts"), { isFile: true }));
    assertFalse(existsSync(join(root, "z")));
  });

  it("get the directories they need", async () => {
    await ensureDir(join(root, "x", "y"));
    await ensureDir(join(root, "x", "y"));
    assert(await exists(join(root, "x", "y"), { isDirectory: true }));
    await assertRejects(
      () => ensureDir(join(root, "a", "one.ts")),
      Error,
      "Failed to ensure directory exists: expected 'dir', got 'file'",
    );
  });

  it("are copied with all they hold, and not over others", async () => {
    await copy(join(root, "a"), join(root, "copied"));
    assertEquals(await Deno.readTextFile(join(root, "copied", "b", "two.txt")), "2");
    await assertRejects(
      () => copy(join(root, "a"), join(root, "copied")),
      Deno.errors.AlreadyExists,
    );
    await Deno.writeTextFile(join(root, "a", "one.ts"), "new");
    await copy(join(root, "a"), join(root, "copied"), { overwrite: true });
    assertEquals(await Deno.readTextFile(join(root, "copied", "one.ts")), "new");
    await assertRejects(() => copy(join(root, "a"), join(root, "a", "b", "c")), Error, "itself");
    await assertRejects(() => copy(join(root, "a"), join(root, "a")), Error, "the same");
    await assertRejects(() => copy(join(root, "z"), join(root, "y")), Deno.errors.NotFound);
  });

  it("leave an empty directory, which is made if need be", async () => {
    await emptyDir(join(root, "a"));
    assertEquals([...Deno.readDirSync(join(root, "a"))], []);
    await emptyDir(join(root, "fresh"));
    assert(await exists(join(root, "fresh"), { isDirectory: true }));
  });
});

Deno.test("links are followed only if asked, and copied as links", {
  ignore: Deno.build.os === "windows" ||
    Deno.permissions.querySync({ name: "read" }).state !== "granted" ||
    Deno.permissions.querySync({ name: "write" }).state !== "granted",
}, async () => {
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    await ensureDir(join(root, "a"));
    await Deno.writeTextFile(join(root, "a", "one"), "1");
    await ensureDir(join(root, "b"));
    await Deno.symlink("../a", join(root, "b", "link"));
    await Deno.symlink("nowhere", join(root, "b", "torn"));
    const names = async (options?: WalkOptions) =>
      (await Array.fromAsync(walk(join(root, "b"), options))).map(({ path: at }) =>
        path.relative(root, at)
      ).sort();
    assertEquals(await names(), ["b", "b/link", "b/torn"]);
    assertEquals(await names({ includeSymlinks: false }), ["b"]);
    await Deno.remove(join(root, "b", "torn"));
    assertEquals(await names({ followSymlinks: true }), ["a", "a/one", "b"]);
    await copy(join(root, "b"), join(root, "c"));
    assertEquals(await Deno.readLink(join(root, "c", "link")), "../a");
    await Deno.symlink("nowhere", join(root, "torn"));
    assertFalse(await exists(join(root, "torn")));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
