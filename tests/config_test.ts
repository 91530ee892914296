import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { join } from "@std/path/join";
import { toFileUrl } from "@std/path/to-file-url";
import * as v from "valibot";
import { z } from "zod";
import { JsonCache, StructuredCache } from "../caches/mod.ts";
import { type LabConfig, loadConfig, type LoadConfigOptions } from "../config.ts";
import { ConfigError } from "../errors.ts";
import type { StandardSchema } from "../plugin.ts";
import { caches, storages } from "../registry.ts";
import { type LocalStorage, MemoryStorage, NullStorage } from "../storages/mod.ts";

type Source = Parameters<typeof loadConfig>[0];

/** Loads a configuration and disposes what was made, which stays readable. */
async function load(source: Source, options?: LoadConfigOptions): Promise<LabConfig> {
  const config = await loadConfig(source, options);
  await config.storage?.[Symbol.asyncDispose]();
  await config.runner?.[Symbol.asyncDispose]();
  return config;
}

async function mistakesOf(source: Source, options?: LoadConfigOptions): Promise<string[]> {
  const error = await assertRejects(() => loadConfig(source, options), ConfigError);
  return error.mistakes.map(({ path, message }) => path ? `${path}: ${message}` : message);
}

/** A directory of files, gone at the end of the test. */
async function directory(files: Record<string, string | object>) {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    await Deno.mkdir(join(dir, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(dir, name), text);
  }
  return { dir, [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }) };
}

const REGISTRY = import.meta.resolve("../registry.ts");
const CACHES = import.meta.resolve("../caches/mod.ts");

/** The code of a plugin module that registers a cache without options. */
function pluginCode(name: string, more = ""): string {
  return `import { caches } from ${JSON.stringify(REGISTRY)};
    import { JsonCache } from ${JSON.stringify(CACHES)};
    const options = { "~standard": { version: 1, vendor: "none", validate: (value) => ({ value }) } };
    caches.register({ name: "${name}", summary: "", options, create: () => new JsonCache(), ${more} });`;
}

Deno.test("a whole configuration is loaded", async () => {
  const config = await load({
    labtech: {
      storage: { type: "memory", maxBytes: 1000 },
      cache: { type: "json", indent: 0 },
      runner: { type: "async", maxWorkers: 3 },
      maxWorkers: 2,
      continueOnFailure: false,
      context: { scale: 2 },
      progress: { enabled: false, logLevel: "warn" },
    },
  });
  const { storage, cache, runner, permissions, ...rest } = config;
  assertInstanceOf(storage, MemoryStorage);
  assertInstanceOf(cache, JsonCache);
  assertEquals(runner!.name, "async");
  assertEquals(permissions, {});
  assertEquals(rest, {
    maxWorkers: 2,
    continueOnFailure: false,
    context: { scale: 2 },
    progress: { enabled: false, logLevel: "warn" },
    logs: undefined,
    records: undefined,
    signing: undefined,
    singleFlight: undefined,
    codeVersion: undefined,
    plugins: [],
    variables: [],
    folder: Deno.cwd(),
    source: "the given object",
  });
});

Deno.test("settings that are left out are left to the Lab", async () => {
  const { plugins, variables, folder: _, source: __, permissions: ___, ...rest } = await load({});
  assertEquals([plugins, variables], [[], []]);
  assert(Object.values(rest).every((setting) => setting === undefined));
});

Deno.test("a storage is a directory, a name with options, or none", async () => {
  const dir = async (storage: unknown) => ((await load({ storage })).storage as LocalStorage).dir;
  assertEquals(await dir("results"), join(Deno.cwd(), "results"));
  assertEquals(await dir({ type: "local", dir: "results" }), join(Deno.cwd(), "results"));
  assertEquals(await dir("/data/results"), "/data/results");
  assertEquals(await dir("file:///data/some%20results"), "/data/some results");
  assertEquals((await load({ storage: null })).storage, null);
  assertInstanceOf((await load({ storage: { type: "null" } })).storage, NullStorage);
});

Deno.test("relative paths are relative to the file that they stand in", async () => {
  await using scratch = await directory({
    "study/deno.json": { labtech: { storage: "results", plugins: ["../plugins/relative.ts"] } },
    "plugins/relative.ts": pluginCode("config-test-relative"),
  });
  const file = join(scratch.dir, "study", "deno.json");
  const plugin = join(scratch.dir, "plugins", "relative.ts");
  for (const source of [file, toFileUrl(file), toFileUrl(file).href]) {
    const config = await load(source);
    assertEquals((config.storage as LocalStorage).dir, join(scratch.dir, "study", "results"));
    assertEquals(config.source, file);
    assertEquals(config.plugins, [toFileUrl(plugin).href]);
    assertEquals(config.permissions, { read: [file, plugin] });
  }
});

Deno.test("a file may have comments, trailing commas and a byte order mark", async () => {
  await using scratch = await directory({
    "deno.jsonc": `\uFEFF{
      // where results lie
      "labtech": { "storage": null, /* all of them */ "maxWorkers": 3, },
    }`,
  });
  const { storage, maxWorkers } = await load(join(scratch.dir, "deno.jsonc"));
  assertEquals([storage, maxWorkers], [null, 3]);
});

Deno.test("a file of its own needs no key labtech, and may have one", async () => {
  await using scratch = await directory({
    "lab.json": { $schema: "schema.json", maxWorkers: 3 },
    "nested.json": { $schema: "schema.json", labtech: { maxWorkers: 4 }, other: 1 },
  });
  assertEquals((await load(join(scratch.dir, "lab.json"))).maxWorkers, 3);
  assertEquals((await load(join(scratch.dir, "nested.json"))).maxWorkers, 4);
});

Deno.test("a configuration may be a data URL", async () => {
  const text = JSON.stringify({ storage: "results", maxWorkers: 5 });
  const { maxWorkers, storage, source } = await load(
    new URL(`data:application/json,${encodeURIComponent(text)}`),
  );
  assertEquals(maxWorkers, 5);
  assertEquals((storage as LocalStorage).dir, join(Deno.cwd(), "results"));
  assert(source.startsWith("data:"));
});

Deno.test("what cannot be read as a configuration is refused, with what to do", async () => {
  await using scratch = await directory({
    "broken.json": '{\n  "storage": "results",\n  maxWorkers: 3\n}',
    "empty.json": "",
    "list.json": "[]",
    "deno.json": { labtec: {} },
    "deno.jsonc": {},
    "nested.json": { labtech: ["storage"] },
  });
  const at = (name: string) => join(scratch.dir, name);
  const refusals: [Source, string][] = [
    [at("nope.json"), `There is no configuration file ${at("nope.json")}`],
    [
      scratch.dir,
      `Expected the path of a configuration file, got the directory ${scratch.dir}; name the file in it`,
    ],
    [
      at("broken.json"),
      `${at("broken.json")} is not JSON: invalid symbol at line 3, column 3, got "maxWorkers"`,
    ],
    [at("empty.json"), `${at("empty.json")} is not JSON: value expected at line 1, column 1`],
    [
      at("list.json"),
      `Expected the configuration to be an object, got an array (${at("list.json")})`,
    ],
    [
      at("deno.json"),
      `${at("deno.json")} has no key "labtech" (is "labtec" misspelt?); write the configuration ` +
      `there: "labtech": { … }`,
    ],
    [
      at("deno.jsonc"),
      `${at("deno.jsonc")} has no key "labtech"; write the configuration there: "labtech": { … }`,
    ],
    [at("nested.json"), "labtech: Expected an object, got an array"],
    [
      "https://example.com/lab.json",
      'Expected the URL of a configuration to begin with file: or data:, got "https://example.com/lab.json"; ' +
      "fetch what lies elsewhere, and give it as an object",
    ],
    [[], "Expected a configuration to be a path, a URL or an object, got an array"],
    [
      new Map(),
      "Expected a configuration to be a path, a URL or an object, got an instance of class Map",
    ],
    [{ labtech: null }, "labtech: Expected an object, got null"],
  ];
  for (const [source, message] of refusals) assertEquals(await mistakesOf(source), [message]);
});

Deno.test("all mistakes are reported at once, in the order of the configuration", async () => {
  await using scratch = await directory({
    "deno.json": {
      labtech: {
        storage: { type: "local", dirr: "results", dir: "results", durability: "sometimes" },
        cache: "strctured",
        runner: { typ: "serial" },
        maxWorker: 2,
        maxWorkers: 0,
        continueOnFailure: "yes",
        context: [],
        progress: { colour: true, refresh: 10 },
        plugins: [
          "./empty.ts",
          "./nope.ts",
          3,
          "gs://bucket/plugin.ts",
          "@acme/lab",
          "./throws.ts",
        ],
        labs: { paper: { storge: null, progress: 3, cache: 1 }, big: [] },
      },
    },
    "empty.ts": "export {};",
    "throws.ts": "throw new Error('No bucket');",
  });
  const file = join(scratch.dir, "deno.json");
  const error = await assertRejects(() => loadConfig(file, { lab: "papr" }), ConfigError);
  const url = (name: string) => toFileUrl(join(scratch.dir, name)).href;
  const lines = error.message.split("\n");
  assertEquals(lines.shift(), `${error.mistakes.length} mistakes in ${file}:`);
  assertEquals(lines.map((line) => line.trim()), [
    'labtech.storage.dirr: unknown option; did you mean "dir"?',
    'labtech.storage.durability: Invalid type: Expected ("auto" | "always" | "never") but received ' +
    '"sometimes"',
    `labtech.cache: unknown cache "strctured"; did you mean "structured"? known are ${
      caches.names().map((name) => `"${name}"`).join(", ")
    }. To add one, import the module that registers it, or name that module ` +
    `under "plugins"`,
    `labtech.runner: Expected a "type" with one of the names ${
      error.message.match(/"serial", [^\n]+(?=, got undefined)/)
    }, got undefined`,
    'labtech.maxWorker: unknown option; did you mean "maxWorkers"?',
    "labtech.maxWorkers: Expected a whole number from 1, got 0",
    'labtech.continueOnFailure: Expected true or false, got "yes"',
    "labtech.context: Expected an object, got an array",
    'labtech.progress.colour: unknown option; did you mean "color"?',
    "labtech.progress.refresh: Expected a whole number from 100, got 10",
    "labtech.plugins[0]: registered no cache, storage or runner; a plugin module calls register of " +
    "one of them when it is imported (if it did so before, give its plugins module: import.meta.url)",
    `labtech.plugins[1]: cannot be imported: Module not found "${url("nope.ts")}"`,
    "labtech.plugins[2]: Expected a path or specifier of a module, got 3",
    "labtech.plugins[3]: Expected a path, or a specifier that begins with jsr:, npm:, https:, http:, " +
    'file: or data:, got "gs://bucket/plugin.ts"',
    `labtech.plugins[4]: cannot be imported: Module not found "${url("@acme/lab")}"; to name a ` +
    'package, write "jsr:@acme/lab" or "npm:@acme/lab"',
    "labtech.plugins[5]: cannot be imported: No bucket",
    'labtech.labs: unknown lab "papr"; did you mean "paper"? known are "paper", "big"',
    'labtech.labs.paper.storge: unknown option; did you mean "storage"?',
    "labtech.labs.paper.progress: Expected true, false or { …options }, got 3",
    'labtech.labs.paper.cache: Expected a name or { "type": name, …options }, got 1',
    "labtech.labs.big: Expected an object, got an array",
  ]);
  assertInstanceOf(error.cause, AggregateError);
  assert(error.cause.errors.some((cause) => cause.message === "No bucket"));
});

Deno.test("without a key labtech, paths begin at the top", async () => {
  assertEquals(
    await mistakesOf({ storage: { type: "memory", maxByte: 1 }, "a b": 1, labs: { x: 1 } }),
    [
      'storage.maxByte: unknown option; did you mean "maxBytes"?',
      '["a b"]: unknown option; known are $schema, storage, cache, codeVersion, runner, maxWorkers, ' +
      "continueOnFailure, singleFlight, context, progress, logs, records, signing, plugins, labs",
      "labs.x: Expected an object, got 1",
    ],
  );
});

Deno.test("the settings of a named lab replace those of the base, its plugins come on top", async () => {
  await using scratch = await directory({
    "base.ts": pluginCode("config-test-base"),
    "paper.ts": pluginCode("config-test-paper"),
    "lab.json": {
      storage: { type: "local", dir: "results", gitignore: false },
      cache: "config-test-base",
      maxWorkers: 2,
      context: { scale: 1, seed: 1 },
      plugins: ["./base.ts"],
      labs: {
        paper: {
          storage: { type: "local", dir: "paper" },
          context: { scale: 10 },
          plugins: ["./paper.ts"],
        },
        none: { storage: null, cache: "json" },
      },
    },
  });
  const file = join(scratch.dir, "lab.json");
  const spec = async (options?: LoadConfigOptions) => {
    const { storage, maxWorkers, context, plugins, cache } = await load(file, options);
    const local = storage && (storage as LocalStorage).spec;
    return { local, maxWorkers, context, plugins: plugins.length, cache: cache?.name };
  };
  const base = { type: "local", dir: join(scratch.dir, "results"), gitignore: false };
  assertEquals<unknown>(await spec(), {
    local: { ...base, durability: "auto" },
    maxWorkers: 2,
    context: { scale: 1, seed: 1 },
    plugins: 1,
    cache: "json",
  });
  assertEquals<unknown>(await spec({ lab: "paper" }), {
    local: {
      type: "local",
      dir: join(scratch.dir, "paper"),
      gitignore: true,
      durability: "auto",
    },
    maxWorkers: 2,
    context: { scale: 10 },
    plugins: 2,
    cache: "json",
  });
  assertEquals((await spec({ lab: "none" })).local, null);
  assertEquals(await mistakesOf({ labs: {} }, { lab: "toString" }), [
    'labs: unknown lab "toString"; known are none',
  ]);
  assertEquals(
    await mistakesOf({ labs: { paper: { storage: { type: "memory", size: 1 } } } }, {
      lab: "paper",
    }),
    ["labs.paper.storage.size: unknown option; known are maxBytes"],
  );
});

Deno.test("what a named lab replaces is not made, and other labs are not looked up", async () => {
  const base = { storage: "unused", cache: "no-such-cache" };
  const labs = { good: { storage: null, cache: "json" }, other: { cache: "neither-this" } };
  const config = await load({ ...base, labs }, { lab: "good" });
  assertEquals([config.storage, config.cache?.name], [null, "json"]);
});

Deno.test("plugins are imported before anything is looked up, and known by their module", async () => {
  await using scratch = await directory({
    "plain.ts": pluginCode("config-test-plain"),
    "own.ts": pluginCode("config-test-own", "module: import.meta.url"),
    "index.ts": 'import "./own.ts"; import "./plain.ts";',
    "lab.json": { cache: "config-test-plain", plugins: ["plain.ts", "./index.ts", "./plain.ts"] },
  });
  const file = join(scratch.dir, "lab.json");
  const url = (name: string) => toFileUrl(join(scratch.dir, name)).href;
  for (let times = 0; times < 2; times++) {
    const config = await load(file);
    assertEquals(config.plugins, [url("plain.ts"), url("index.ts")]);
    assertEquals(config.cache?.name, "json");
  }
  const module = (name: string) => caches.moduleOf(caches.get(name)!);
  assertEquals(module("config-test-plain"), url("plain.ts"));
  assertEquals(module("config-test-own"), url("own.ts"));
});

Deno.test("a plugin that the program imported itself is no mistake", async () => {
  await using scratch = await directory({
    "earlier.ts": pluginCode("config-test-earlier", "module: import.meta.url"),
    "exported.ts": `${pluginCode("config-test-exported")}
      export const plugin = caches.get("config-test-exported");`,
  });
  const urls = ["earlier.ts", "exported.ts"].map((name) => toFileUrl(join(scratch.dir, name)).href);
  for (const url of urls) await import(url);
  assertEquals((await load({ plugins: urls })).plugins, urls);
});

const run = await Deno.permissions.query({ name: "run", command: Deno.execPath() });
const child = run.state === "granted";
Deno.test({
  name: `a plugin without permission to be read names the flag${
    child ? "" : " (skipped: needs --allow-run)"
  }`,
  ignore: !child,
  async fn() {
    const config = import.meta.resolve("../config.ts");
    const code = `import { loadConfig } from ${JSON.stringify(config)};
      const error = await loadConfig({ plugins: ["file:///nowhere/plugin.ts"] }).catch((e) => e);
      console.log(error.message);`;
    await using program = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "-q", "-"],
      cwd: new URL("..", import.meta.url),
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    await new Blob([code]).stream().pipeTo(program.stdin);
    const { stdout } = await program.output();
    assertEquals(
      new TextDecoder().decode(stdout),
      "plugins[0]: cannot be imported for lack of a permission; run with " +
        "--allow-read=/nowhere/plugin.ts\n",
    );
  },
});

Deno.test("a file without permission to be read names the flag", {
  permissions: { read: false },
}, async () => {
  assertEquals(await mistakesOf("/nowhere/deno.json"), [
    "No permission to read the configuration file /nowhere/deno.json; run with " +
    "--allow-read=/nowhere/deno.json",
  ]);
});

Deno.test("plugins may check their options with any Standard Schema", async () => {
  const byHand: StandardSchema<unknown, { level: number }> = {
    "~standard": {
      version: 1,
      vendor: "by hand",
      validate: (value) => {
        const { level } = value as { level?: unknown };
        if (typeof level === "number") return { value: { level } };
        return { issues: [{ message: "Expected a number", path: [{ key: "level" }] }] };
      },
    },
  };
  const seen: unknown[] = [];
  const create = (options: unknown) => {
    seen.push(options);
    return new StructuredCache();
  };
  const common = { summary: "A cache of a test", create };
  using _hand = caches.register({ name: "config-test-hand", ...common, options: byHand });
  const zod = z.strictObject({ level: z.number().default(3) });
  using _zod = caches.register({ name: "config-test-zod", ...common, options: zod });
  await load({ cache: { type: "config-test-hand", level: 1 } });
  await load({ cache: { type: "config-test-zod", level: 2 } });
  await load({ cache: "config-test-zod" });
  assertEquals(seen, [{ level: 1 }, { level: 2 }, { level: 3 }]);
  assertEquals(await mistakesOf({ cache: { type: "config-test-hand", level: "x" } }), [
    'cache.level: Expected a number, got "x"',
  ]);
  assertEquals(await mistakesOf({ cache: { type: "config-test-zod", lvel: 1 } }), [
    'cache.lvel: unknown option; did you mean "level"?',
  ]);
});

const NAME = "LABTECH_CONFIG_TEST";
const env = (await Deno.permissions.query({ name: "env", variable: NAME })).state === "granted";

Deno.test({
  name: `environment variables stand wherever a string may${
    env ? "" : " (skipped: needs --allow-env)"
  }`,
  ignore: !env,
  async fn() {
    const variable = { env: NAME };
    const at = async (value: string, config: object, options?: LoadConfigOptions) => {
      Deno.env.set(NAME, value);
      try {
        return await load(config, options);
      } finally {
        Deno.env.delete(NAME);
      }
    };
    const { storage, variables, permissions } = await at("results", { storage: variable });
    assertEquals((storage as LocalStorage).dir, join(Deno.cwd(), "results"));
    assertEquals([variables, permissions], [[NAME], { env: [NAME] }]);
    const inOptions = await at("results", { storage: { type: "local", dir: variable } });
    assertEquals((inOptions.storage as LocalStorage).dir, join(Deno.cwd(), "results"));
    assertEquals(inOptions.variables, [NAME]);
    assertEquals((await at("json", { cache: variable })).cache?.name, "json");
    assertEquals((await at("serial", { runner: variable })).runner?.name, "serial");
    assertEquals((await at("warn", { progress: { logLevel: variable } })).progress, {
      logLevel: "warn",
    });
    const context = { key: variable, list: [variable], plain: "x", env: "kept" };
    const { context: made } = await at("secret", { context });
    assertEquals(made, { key: "secret", list: ["secret"], plain: "x", env: "kept" });
    assertEquals((await at("x", { context: { env: NAME } })).context, { env: NAME });
    const code = `data:text/javascript,${encodeURIComponent(pluginCode("config-test-variable"))}`;
    assertEquals((await at(code, { plugins: [variable] })).plugins, [code]);
    const unused = { storage: variable, labs: { none: { storage: null }, x: { cache: variable } } };
    assertEquals((await at("x", unused, { lab: "none" })).variables, []);
  },
});

Deno.test({
  name: `a variable that is missing or does not fit is a mistake${
    env ? "" : " (skipped: needs --allow-env)"
  }`,
  ignore: !env,
  async fn() {
    const variable = { env: NAME };
    const everywhere = {
      storage: { type: "local", dir: variable },
      cache: variable,
      context: { a: variable },
      progress: { logLevel: variable },
      plugins: [variable],
    };
    const paths = ["storage.dir", "cache", "context.a", "progress.logLevel", "plugins[0]"];
    const missing = `the environment variable ${NAME} is not set`;
    assertEquals(await mistakesOf(everywhere), paths.map((path) => `${path}: ${missing}`));
    Deno.env.set(NAME, "");
    try {
      const { context: _, ...rest } = everywhere;
      const mistakes = await mistakesOf({ ...rest, runner: variable });
      assertEquals(mistakes.map((line) => line.split(":")[0]), [
        ...["storage.dir", "cache", "progress.logLevel", "plugins[0]", "runner"],
      ]);
    } finally {
      Deno.env.delete(NAME);
    }
  },
});

Deno.test(
  "a variable without permission names the flag",
  { permissions: { env: false } },
  async () => {
    assertEquals(await mistakesOf({ cache: { env: NAME } }), [
      `cache: no permission to read the environment variable ${NAME}; run with --allow-env=${NAME}`,
    ]);
  },
);

Deno.test("where anything is wrong, what was made is disposed", async () => {
  const events: string[] = [];
  class Noted extends MemoryStorage {
    override async [Symbol.asyncDispose]() {
      await super[Symbol.asyncDispose]();
      events.push("disposed");
    }
  }
  using _ = storages.register({
    name: "config-test-noted",
    summary: "Notes when it is made and disposed",
    options: v.strictObject({}),
    create() {
      events.push("made");
      return new Noted();
    },
  });
  const storage = { type: "config-test-noted" };
  assertEquals((await mistakesOf({ storage, runner: "no-such-runner" })).length, 1);
  assertEquals(events, ["made", "disposed"]);
  const config = await loadConfig({ storage });
  assertEquals(events, ["made", "disposed", "made"]);
  await config.storage![Symbol.asyncDispose]();
});

Deno.test("what fails to be made is a mistake, its error the cause", async () => {
  const cause = new Error("No such bucket");
  using _ = storages.register({
    name: "config-test-fails",
    summary: "Cannot be made",
    options: v.strictObject({}),
    create: () => {
      throw cause;
    },
  });
  const error = await assertRejects(
    () => loadConfig({ storage: { type: "config-test-fails" }, cache: "nope" }),
    ConfigError,
  );
  assertEquals(error.mistakes[0], {
    path: "storage",
    message: "cannot be made: No such bucket",
  });
  assertEquals(error.mistakes.length, 2);
  assertEquals(error.cause, cause);
});

Deno.test("a signal aborts the loading", async () => {
  const aborted = AbortSignal.abort(new Error("Enough"));
  await assertRejects(() => loadConfig({}, { signal: aborted }), Error, "Enough");
  const { promise, resolve } = Promise.withResolvers<void>();
  Object.assign(globalThis, { untilConfigTestIsOver: promise });
  const plugin = "data:text/javascript,await untilConfigTestIsOver;";
  const controller = new AbortController();
  const loading = loadConfig({ plugins: [plugin] }, { signal: controller.signal });
  controller.abort(new Error("Enough"));
  await assertRejects(() => loading, Error, "Enough");
  // A module that is never over would end the program.
  resolve();
  await import(plugin);
});

Deno.test("keys that objects inherit are neither settings nor labs", async () => {
  await using scratch = await directory({
    "lab.json": '{ "__proto__": { "storage": null }, "maxWorkers": 1 }',
    "lab.jsonc": '{ "__proto__": { "storage": null }, "maxWorkers": 1, }',
  });
  for (const name of ["lab.json", "lab.jsonc"]) {
    const [mistake, ...others] = await mistakesOf(join(scratch.dir, name));
    assert(mistake!.startsWith("__proto__: unknown option"), mistake);
    assertEquals(others, []);
  }
});
