import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { Plugin, StandardResult } from "../../plugin.ts";
import { pluginEnv } from "../../plugin_env.ts";
import { localPlugin, memoryPlugin, nullPlugin } from "../../storages/_plugins.ts";
import { LocalStorage, MemoryStorage, NullStorage, type Storage } from "../../storages/mod.ts";

const ENV = pluginEnv("/config");

Deno.test("the storages are made from JSON options, with defaults filled in", () => {
  const local = make(localPlugin, { dir: "results" });
  assertInstanceOf(local, LocalStorage);
  const spec = { type: "local", dir: "/config/results", gitignore: true, durability: "auto" };
  assertEquals<unknown>(local.spec, spec);
  const given = { dir: "results", gitignore: false, durability: "never" };
  assertEquals<unknown>(make(localPlugin, given).spec, {
    ...spec,
    ...given,
    dir: "/config/results",
  });
  assertInstanceOf(make(memoryPlugin, {}), MemoryStorage);
  assertInstanceOf(make(memoryPlugin, { maxBytes: 10 }), MemoryStorage);
  assertInstanceOf(make(nullPlugin, {}), NullStorage);
});

Deno.test("a specification makes an equal storage", () => {
  const { type: _, ...options } = new LocalStorage({ dir: "/data", durability: "always" }).spec;
  const plugin: Plugin<Storage, never> = localPlugin as Plugin<Storage, never>;
  const again = plugin.create(options as never, pluginEnv("/"));
  assertEquals(again.spec, new LocalStorage({ dir: "/data", durability: "always" }).spec);
});

Deno.test("options that do not fit are refused, each with its path", () => {
  const mistakes: [Plugin<Storage, never>, unknown, string[]][] = [
    [localPlugin as Plugin<Storage, never>, {}, ["dir"]],
    [localPlugin as Plugin<Storage, never>, { dir: "" }, ["dir"]],
    [localPlugin as Plugin<Storage, never>, { dir: 1, gitignore: "yes", durability: "some" }, [
      "dir",
      "gitignore",
      "durability",
    ]],
    [localPlugin as Plugin<Storage, never>, { dir: "a", dirr: "b" }, ["dirr"]],
    [memoryPlugin as Plugin<Storage, never>, { maxBytes: -1 }, ["maxBytes"]],
    [memoryPlugin as Plugin<Storage, never>, { maxBytes: 1.5 }, ["maxBytes"]],
    [nullPlugin as Plugin<Storage, never>, { dir: "a" }, ["dir"]],
  ];
  for (const [plugin, options, paths] of mistakes) {
    const issues = check(plugin, options).issues ?? [];
    assertEquals(issues.map(({ path }) => (path?.[0] as { key: string }).key), paths);
    for (const { message } of issues) assert(message.length > 0);
  }
});

function check<T>(plugin: Plugin<Storage, T>, options: unknown): StandardResult<T> {
  const result = plugin.options["~standard"].validate(options);
  assert(!(result instanceof Promise));
  return result;
}

function make<T>(plugin: Plugin<Storage, T>, options: unknown): Storage {
  const result = check(plugin, options);
  assert(!result.issues);
  return plugin.create(result.value, ENV);
}
