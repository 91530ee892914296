import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { resolve } from "@std/path/resolve";
import * as v from "valibot";
import "../builtins.ts";
import { ConfigError } from "../errors.ts";
import type { Plugin, PluginEnv } from "../plugin.ts";
import { caches, Registry, runners, storages } from "../registry.ts";

interface Shelf {
  readonly options: Record<string, unknown>;
  readonly env: PluginEnv;
}

function shelf(name: string, more: Partial<Plugin<Shelf, Record<string, unknown>>> = {}) {
  return {
    name,
    summary: "A shelf",
    options: v.strictObject({
      wood: v.optional(v.string(), "oak"),
      boards: v.optional(v.number()),
    }),
    create: (options: Record<string, unknown>, env: PluginEnv): Shelf => ({ options, env }),
    ...more,
  };
}

function shelves(...names: string[]): Registry<Shelf> {
  const registry = new Registry<Shelf>("shelf");
  for (const name of names) registry.register(shelf(name));
  return registry;
}

function mistakesOf(work: () => unknown): string[] {
  const { mistakes } = assertThrows(work, ConfigError);
  return mistakes.map(({ path, message }) => path === "" ? message : `${path}: ${message}`);
}

Deno.test("what the library brings along is there by name", () => {
  for (const name of ["structured", "json", "v8", "null"]) assert(caches.get(name), name);
  for (const name of ["local", "memory", "null"]) assert(storages.get(name), name);
  for (const name of ["serial", "async", "workers"]) assert(runners.get(name), name);
  for (const registry of [caches, storages, runners]) {
    for (const { name, summary } of registry) {
      assert(/^[A-Z]/.test(summary) && !summary.endsWith("."), `${name}: ${summary}`);
    }
  }
});

Deno.test("a plugin makes things by its name, with checked and defaulted options", () => {
  const registry = shelves("wall");
  assertEquals(registry.create("wall").options, { wood: "oak" });
  assertEquals(registry.create({ type: "wall", boards: 3 }).options, { wood: "oak", boards: 3 });
  assertEquals(registry.names(), ["wall"]);
  assertEquals([...registry].map(({ name }) => name), ["wall"]);
});

Deno.test("an unknown name: the error lists what is known, the nearest first, and how to add one", () => {
  const registry = shelves("wall", "corner", "floor");
  assertEquals(mistakesOf(() => registry.create("cornr")), [
    'shelf: unknown shelf "cornr"; did you mean "corner"? known are "corner", "wall", "floor". To add ' +
    'one, import the module that registers it, or name that module under "plugins"',
  ]);
  assertEquals(mistakesOf(() => registry.create({ type: "ladder" }, { path: "labtech.shelf" })), [
    'labtech.shelf: unknown shelf "ladder"; known are "wall", "corner", "floor". To add one, import ' +
    'the module that registers it, or name that module under "plugins"',
  ]);
  assert(mistakesOf(() => shelves().create("x"))[0]!.includes("known are none."));
  for (const name of ["toString", "__proto__", "constructor"]) {
    assert(
      mistakesOf(() => registry.create(name))[0]!.startsWith(`shelf: unknown shelf "${name}"`),
    );
  }
});

Deno.test("a spec that names nothing is refused", () => {
  const registry = shelves("wall", "corner");
  const wrong = (spec: unknown) => mistakesOf(() => registry.create(spec as string))[0];
  assertEquals(
    wrong({ wood: "oak" }),
    'shelf: Expected a "type" with one of the names "wall", "corner", got undefined',
  );
  assertEquals(
    wrong({ type: 5 }),
    'shelf: Expected a "type" with one of the names "wall", "corner", got 5',
  );
  assertEquals(wrong(5), 'shelf: Expected a name or { "type": name, …options }, got 5');
  assertEquals(wrong(null), 'shelf: Expected a name or { "type": name, …options }, got null');
  assertEquals(
    wrong(["wall"]),
    'shelf: Expected a name or { "type": name, …options }, got an array',
  );
  assertEquals(
    wrong(new Map()),
    'shelf: Expected a name or { "type": name, …options }, got an instance of class Map',
  );
});

Deno.test("all wrong options are told at once, each with its path", () => {
  const spec = { type: "wall", woood: "elm", boards: "three", color: 1 };
  assertEquals(mistakesOf(() => shelves("wall").create(spec, { path: "labtech.shelf" })), [
    'labtech.shelf.woood: unknown option; did you mean "wood"?',
    "labtech.shelf.color: unknown option; known are wood, boards",
    'labtech.shelf.boards: Invalid type: Expected number but received "three"',
  ]);
});

Deno.test("two plugins of one name are refused; the name is free again when the first is disposed", () => {
  const registry = shelves();
  {
    using _first = registry.register(shelf("wall"));
    assertEquals(mistakesOf(() => registry.register(shelf("wall"))), [
      'A shelf named "wall" is registered already; give the plugin another name, or dispose what ' +
      "registering the first one returned",
    ]);
  }
  assertEquals(registry.get("wall"), undefined);
  const second = shelf("wall");
  registry.register(second);
  assertStrictEquals(registry.get("wall") as unknown, second);
});

Deno.test("disposing twice, or late, takes away no other plugin of the name", () => {
  const registry = shelves();
  const first = registry.register(shelf("wall"));
  first[Symbol.dispose]();
  registry.register(shelf("wall"));
  first[Symbol.dispose]();
  assert(registry.get("wall"));
});

Deno.test("a malformed name is refused", () => {
  for (
    const name of [
      "",
      "-wall",
      "wall shelf",
      "wall/shelf",
      "..",
      "x".repeat(65),
      "größe",
      5,
      undefined,
    ]
  ) {
    const [message] = mistakesOf(() => shelves().register(shelf(name as string)));
    assert(
      message!.startsWith(
        'Expected the name of a shelf plugin to be 1 to 64 letters, digits, "_", "-" and ".", got ',
      ),
      message,
    );
  }
  shelves().register(shelf("x".repeat(64)));
  shelves().register(shelf("Az0_-.x"));
});

Deno.test("options that are checked by a promise are refused", () => {
  const registry = shelves();
  registry.register(shelf("wall", { options: v.strictObjectAsync({}) as never }));
  assertThrows(() => registry.create("wall"), TypeError, "they must be at once");
});

Deno.test("a variable that is not to be had is told beside all other mistakes", () => {
  const name = "LABTECH_TEST_UNSET_VARIABLE";
  const spec = { type: "wall", wood: { env: name }, boards: "x" };
  const [wood, boards] = mistakesOf(() => shelves("wall").create(spec));
  assert(wood!.startsWith("shelf.wood: ") && wood!.includes(name), wood);
  assert(boards!.startsWith("shelf.boards: "), boards);
});

Deno.test("an option that is called env is an option, not a variable", () => {
  const registry = shelves();
  registry.register(shelf("wall", { options: v.strictObject({ env: v.string() }) }));
  assertEquals(registry.create({ type: "wall", env: "test" }).options, { env: "test" });
});

Deno.test("path options resolve to absolute paths: against the working directory, or a given folder", () => {
  const { env } = shelves("wall").create("wall");
  assertEquals(env.path("results"), resolve("results"));
  const folder = { folder: "/data", path: (path: string) => `/data/${path}` };
  assertEquals(shelves("wall").create("wall", { env: folder }).env.path("x"), "/data/x");
});

Deno.test("what another thread needs to make an equal thing is remembered for plugins with a module", () => {
  const registry = shelves("plain");
  registry.register(shelf("known", { module: "file:///shelves.ts" }));
  const spec = { type: "known", boards: 2 };
  const made = registry.create(spec, { env: { folder: "/data", path: (path) => path } });
  assertEquals(registry.originOf(made), { spec, folder: "/data" });
  assertEquals(registry.originOf(registry.create("plain")), undefined);
  assertEquals(registry.moduleOf(registry.get("known")!), "file:///shelves.ts");
  registry.noteModule(registry.get("plain")!, "file:///plain.ts");
  assertEquals(registry.moduleOf(registry.get("plain")!), "file:///plain.ts");
  assertEquals(registry.originOf(registry.create("plain"))?.spec, { type: "plain" });
});

Deno.test("one mistake is told in one line, several in a list", () => {
  const one = assertThrows(() => shelves("wall").create("x"), ConfigError);
  assert(!one.message.includes("\n"));
  const two = assertThrows(() => shelves("wall").create({ type: "wall", a: 1, b: 2 }), ConfigError);
  assert(two.message.startsWith("2 mistakes:\n  shelf.a: "), two.message);
});
