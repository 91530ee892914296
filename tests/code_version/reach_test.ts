import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { LabError } from "@labtech/lab";
import { type Files, Project } from "./_project.ts";

const fit = (imports: string, body: string) =>
  `import { task } from "@labtech/lab";\n${imports}\n` +
  `export const Fit = task(import.meta, { name: "Fit", codeVersion: "auto", run: () => ${body} });\n`;

/** Whether the version is another one after an edit. */
async function changes(project: Project, files: Files): Promise<boolean> {
  const before = await project.version();
  project.write(files);
  return await project.version() !== before;
}

Deno.test("parts are named by module and declaration, from the folder of the type's module", async () => {
  using project = new Project({
    "tasks/fit.ts": fit(
      'import { mean } from "../maths/means.ts";\nimport data from "./data.json" with { type: "json" };\n' +
        'import { sum } from "npm:summing@^1.2.0/sub";',
      "mean(data, sum)",
    ),
    "tasks/data.json": "[1, 2]",
    "maths/means.ts":
      "const half = 0.5;\nexport const mean = () => half;\nexport const more = 1;\n",
  });
  const { version, parts, sources, unseen } = await project.code("Fit", "tasks/fit.ts");
  assert(/^auto:[0-9a-f]{40}$/.test(version), version);
  assertEquals([...parts.keys()], [
    "../maths/means.ts half",
    "../maths/means.ts mean",
    "data.json",
    "fit.ts Fit",
    "npm:summing",
  ]);
  assertEquals(
    parts.get("npm:summing"),
    "npm:summing@^1.2.0/sub",
    "without a lockfile, as it is named",
  );
  assertEquals(
    sources.map(({ url }) => url).sort(),
    ["maths/means.ts", "tasks/data.json", "tasks/fit.ts"].map((path) => project.url(path)),
  );
  assertEquals(unseen, []);
});

Deno.test("exactly those parts differ that were edited", async () => {
  using project = new Project({
    "tasks.ts": fit('import { a, b } from "./ab.ts";', "a + b"),
    "ab.ts": "export const a = 1;\nexport const b = 2;\n",
  });
  const before = await project.code();
  project.write({ "ab.ts": "export const a = 1;\nexport const b = 3;\n" });
  const after = await project.code();
  const differing = [...after.parts].filter(([name, digest]) => before.parts.get(name) !== digest);
  assertEquals(differing.map(([name]) => name), ["ab.ts b"]);
});

Deno.test("the same code has the same version in another folder, and when a helper moves to another module", async () => {
  const helper = "export const helper = (x: number) => x * 2;\n";
  using one = new Project({
    "tasks.ts": fit('import { helper } from "./a.ts";', "helper(1)"),
    "a.ts": helper,
  });
  using two = new Project({
    "tasks.ts": fit('import { helper } from "./sub/b.ts";', "helper(1)"),
    "sub/b.ts": helper,
  });
  assertEquals(await one.version(), await two.version());
});

Deno.test("import maps hold: what they lead to on disk is code, what they lead to elsewhere is a package", async () => {
  const files = {
    "tasks.ts": fit('import { f } from "#lib/f";\nimport { g } from "gs";', "f(g)"),
    "lib/f.ts": "export const f = (g: unknown) => [g];\n",
  };
  const importMap = { "#lib/f": "./lib/f.ts", "gs": "npm:gs@1" };
  using project = new Project(files, { importMap });
  assertEquals([...(await project.code()).parts.keys()], ["lib/f.ts f", "npm:gs", "tasks.ts Fit"]);
  assert(await changes(project, { "lib/f.ts": "export const f = (g: unknown) => g;\n" }));
});

Deno.test("in another member of a workspace, the import map of that member holds", async () => {
  using project = new Project({
    "app/tasks.ts": fit('import { f } from "../lib/f.ts";', "f()"),
    "lib/deno.json":
      '{ // theirs\n  "imports": { "deep": "./deep.ts", "@x/": "./x/", "pk": "npm:pk@2", },\n}',
    "lib/f.ts":
      'import { d } from "deep";\nimport { x } from "@x/x.ts";\nimport { p } from "pk/sub";\n' +
      "export const f = () => d + x + p;\n",
    "lib/deep.ts": "export const d = 1;\n",
    "lib/x/x.ts": "export const x = 1;\n",
  });
  const { parts } = await project.code("Fit", "app/tasks.ts");
  assertEquals([...parts.keys()], [
    "../lib/deep.ts d",
    "../lib/f.ts f",
    "../lib/x/x.ts x",
    "npm:pk",
    "tasks.ts Fit",
  ]);
});

const lock = (versions: Record<string, string>, dependencies: readonly string[] = ["inner"]) =>
  JSON.stringify({
    version: "5",
    specifiers: {
      "npm:outer@1": versions.outer,
      "npm:other@1": versions.other,
      "jsr:@s/p@^1.1": versions.p,
    },
    jsr: { [`@s/p@${versions.p}`]: { integrity: `p${versions.p}` } },
    npm: {
      [`outer@${versions.outer}`]: { integrity: `o${versions.outer}`, dependencies },
      [`inner@${versions.inner}`]: { integrity: `i${versions.inner}` },
      [`other@${versions.other}`]: { integrity: `x${versions.other}` },
    },
  });

Deno.test("a package is one, whether the program has loaded it or not, and its files are not read", async () => {
  const files = {
    "deno.json": '{ "imports": { "outer": "npm:outer@1" } }',
    "deno.lock": lock({ outer: "1.0.0", inner: "2.0.0", other: "1.0.0", p: "1.1.0" }),
    "tasks.ts": fit('import { o } from "outer/sub";\nimport "outer";', "o"),
  };
  // Of a package that is loaded, Deno tells the file.
  const cached = "file:///home/ada/.cache/deno/npm/registry.example.org/outer/1.0.0/dist/";
  using loaded = new Project(files, {
    importMap: { "outer/sub": `${cached}sub.mjs`, outer: `${cached}main.mjs` },
  });
  using unloaded = new Project(files, {
    importMap: { "outer/sub": "npm:outer@1/sub", outer: "npm:outer@1" },
  });
  const { version, parts } = await loaded.code();
  assertEquals([...parts.keys()], ["npm:outer", "tasks.ts Fit"]);
  assertEquals(version, await unloaded.version());
  // Where no configuration says what it is called, its folder does.
  using bare = new Project({ ...files, "deno.json": "{}" }, {
    importMap: { "outer/sub": `${cached}sub.mjs`, outer: `${cached}main.mjs` },
  });
  assertEquals(await bare.version(), version);
});

Deno.test("packages count by their locked versions, and those of all that they depend on", async () => {
  const versions = { outer: "1.0.0", inner: "2.0.0", other: "1.0.0", p: "1.1.0" };
  using project = new Project({
    "src/tasks.ts": fit(
      'import { o } from "npm:outer@^1.0.0";\nimport { p } from "jsr:@s/p@^1.1";',
      "o + p",
    ),
    "deno.lock": lock(versions),
  });
  const code = () => project.code("Fit", "src/tasks.ts");
  const first = await code();
  assertEquals(first.parts.get("npm:outer")!.split(" ")[0], "1.0.0");
  assertEquals(first.parts.get("jsr:@s/p")!.split(" ")[0], "1.1.0");
  project.write({ "deno.lock": lock({ ...versions, other: "1.2.3" }) });
  assertEquals((await code()).version, first.version, "a package that is not used");
  const seen = new Set([first.version]);
  for (const changed of [{ outer: "1.0.1" }, { inner: "2.0.1" }, { p: "1.1.1" }]) {
    project.write({ "deno.lock": lock({ ...versions, ...changed }) });
    seen.add((await code()).version);
  }
  assertEquals(seen.size, 4);
  project.write({
    "deno.lock": lock(versions),
    "src/tasks.ts": fit(
      'import { o } from "npm:outer@1";\nimport { p } from "jsr:@s/p@^1.1";',
      "o + p",
    ),
  });
  assertEquals(
    (await code()).version,
    first.version,
    "another range that is locked at the same version",
  );
});

Deno.test("what of a package, of the library or of data is imported counts, by whatever name", async () => {
  const forms = [
    'import { a as f } from "npm:pk@1";',
    'import { b as f } from "npm:pk@1";',
    'import f from "npm:pk@1";',
    'import { a as f } from "npm:pk@1/sub";',
    'import { sep as f } from "node:path";',
    'import { delimiter as f } from "node:path";',
    'import { VERSION as f } from "@labtech/lab";',
    'import { LabError as f } from "@labtech/lab";',
    'import { f } from "./more.ts";',
    'import { g as f } from "./more.ts";',
    'import { x as f } from "./page.tsx";',
    'import { y as f } from "./page.tsx";',
  ];
  using project = new Project({
    "more.ts": 'export { c as f } from "npm:pk@1";\nexport { d as g } from "npm:pk@1";\n',
    "page.tsx": "export const x = <b/>, y = <i/>;\n",
  });
  const versions = new Set<string>();
  for (const form of forms) {
    project.write({ "tasks.ts": fit(form, "f") });
    versions.add(await project.version());
  }
  assertEquals(versions.size, forms.length);
});

Deno.test("packages in node_modules count by the version that they say they have", async () => {
  const pack = (version: string) => `{ "name": "pk", "version": "${version}" }`;
  using project = new Project({
    "tasks.ts": fit('import { p } from "pk";', "p"),
    "node_modules/pk/index.js": "export const p = 1;",
    "node_modules/pk/package.json": pack("1.0.0"),
  }, { importMap: { "pk": "./node_modules/pk/index.js" } });
  assertEquals((await project.code()).parts.get("npm:pk"), "npm:pk@1.0.0");
  assert(await changes(project, { "node_modules/pk/package.json": pack("1.0.1") }));
});

Deno.test("a package of which types alone are imported does not count", async () => {
  using project = new Project({ "tasks.ts": fit("", "1") });
  assertEquals(
    await changes(project, {
      "tasks.ts": fit(
        'import { type A } from "npm:a@1";\nimport type { B } from "npm:b@1";',
        "1 as A & B",
      ),
    }),
    false,
  );
  assert(await changes(project, { "tasks.ts": fit('import "npm:a@1";', "1") }));
});

Deno.test("remote modules count by the lockfile; a package for its effects counts, whatever uses it", async () => {
  const remote = (hash: string) =>
    JSON.stringify({
      version: "5",
      remote: { "https://example.com/a.ts": hash, "https://example.com/b.ts": "1" },
    });
  using project = new Project({
    "tasks.ts": fit('import { a } from "https://example.com/a.ts";\nimport "npm:polyfill@1";', "a"),
    "deno.lock": remote("1"),
  });
  assert((await project.code()).parts.has("npm:polyfill"));
  assert(await changes(project, { "deno.lock": remote("2") }));
});

Deno.test("files that are included count by their contents, and by which there are", async () => {
  const files = {
    "src/tasks.ts": fit("", "1"),
    "src/data/a.csv": "1",
    "src/data/b.txt": "2",
    "src/data/deep/c.csv": "3",
    "src/model.bin": "4",
  };
  using flat = new Project(files, { include: ["data/*.csv", "model.bin"] });
  using deep = new Project(files, { include: ["data/**/*.csv"] });
  const names = async (
    project: Project,
  ) => [...(await project.code("Fit", "src/tasks.ts")).parts.keys()];
  assertEquals(await names(flat), ["data/a.csv", "model.bin", "tasks.ts Fit"]);
  assertEquals(await names(deep), ["data/a.csv", "data/deep/c.csv", "tasks.ts Fit"]);
  const version = () => flat.version("Fit", "src/tasks.ts");
  const versions = [await version()];
  const edits: Files[] = [{ "src/data/b.txt": "22" }, { "src/data/a.csv": "11" }, {
    "src/data/d.csv": "5",
  }];
  for (const edited of edits) {
    flat.write(edited);
    versions.push(await version());
  }
  assertEquals(versions[0], versions[1], "a file that is not included");
  assertEquals(new Set(versions).size, 3);
  using none = new Project(files, { include: ["data/*.json"] });
  const error = await assertRejects(() => none.code("Fit", "src/tasks.ts"), LabError);
  assertStringIncludes(error.message, '"data/*.json", which stands for no file');
  using missing = new Project(files, { include: ["data/x.csv"] });
  await assertRejects(() => missing.code("Fit", "src/tasks.ts"), LabError, "finds no file");
});

Deno.test("texts and bytes that are imported count by what they hold", async () => {
  using project = new Project({
    "tasks.ts": fit('import query from "./query.sql" with { type: "text" };', "query.length"),
    "query.sql": "select 1",
  });
  assert(await changes(project, { "query.sql": "select  1" }));
});

Deno.test("exports lead through other modules: by other names, as namespaces, by stars, in circles", async () => {
  const files = {
    "tasks.ts": fit('import all, { one, space } from "./index.ts";', "one + space.two + all"),
    "index.ts": 'export { uno as one } from "./numbers.ts";\nexport * as space from "./two.ts";\n' +
      'export * from "./stars.ts";\nimport { three } from "./stars.ts";\nexport default three;\n',
    "numbers.ts": "const uno = 1, dos = 2;\nexport { uno, dos };\n",
    "two.ts": "export const two = 2;\nexport const rest = 3;\n",
    "stars.ts": 'export * from "./index.ts";\nexport const three = 3;\nexport const four = 4;\n',
  };
  using project = new Project(files);
  assertEquals(
    await changes(project, { "numbers.ts": files["numbers.ts"].replace("1", "11") }),
    true,
  );
  assertEquals(
    await changes(project, {
      "numbers.ts": files["numbers.ts"].replace("1", "11").replace("= 2", "= 22"),
    }),
    false,
  );
  assertEquals(await changes(project, { "two.ts": files["two.ts"].replace("= 2", "= 22") }), true);
  assertEquals(
    await changes(project, { "stars.ts": files["stars.ts"].replace("= 3", "= 33") }),
    true,
  );
  assertEquals(
    await changes(project, {
      "stars.ts": files["stars.ts"].replace("= 3", "= 33").replace("= 4", "= 44"),
    }),
    false,
  );
});

Deno.test("what CommonJS requires counts; what it would have to look for is told of", async () => {
  const files = {
    "tasks.ts": fit(
      'import { createRequire } from "node:module";\nimport a from "./a.cjs";\n' +
        'const require = createRequire(import.meta.url);\nconst c = require("./c.json");',
      "a + c",
    ),
    "a.cjs": 'module.exports = require("./b.cjs");\n',
    "b.cjs": "module.exports = 1;\n",
    "c.json": "[1]",
  };
  using project = new Project(files);
  assertEquals((await project.code()).unseen, []);
  assert(await changes(project, { "b.cjs": "module.exports = 2;\n" }));
  assert(await changes(project, { "c.json": "[2]" }));
  project.write({ "a.cjs": 'module.exports = require("./b");\n' });
  assertEquals((await project.code()).unseen, ["a.cjs top level"]);
});

Deno.test("what a module imports by a statement counts where it changes what is reached", async () => {
  const loader = 'async function load() { await import("./setup.ts"); }\nawait load();\n';
  const files = {
    "tasks.ts": fit(`import { table } from "./table.ts";\n${loader}`, "table.get(1)"),
    "table.ts": "export const table = new Map();\n",
    "setup.ts": 'import "./more.ts";\nif (Deno.args.length < 100) await import("./setup.ts");\n' +
      'console.log("set up");\n',
    "more.ts": 'import { table } from "./table.ts";\ntable.set(1, 2);\n',
  };
  using project = new Project(files);
  assertEquals(
    await changes(project, { "setup.ts": files["setup.ts"].replace("set up", "set it") }),
    false,
  );
  assert(await changes(project, { "more.ts": files["more.ts"].replace("2", "3") }));
  assert(await changes(project, { "tasks.ts": files["tasks.ts"].replace("await load()", "") }));
});

Deno.test("the order counts of what does more than give a value, and of nothing else", async () => {
  const numbers = (first: string, second: string) =>
    `let n = 0;\nconst next = () => n++;\n${first}\n${second}\n`;
  const [a, b] = ["export const a = next();", "export const b = next();"];
  using project = new Project({
    "tasks.ts": fit('import { a, b } from "./n.ts";', "a - b"),
    "n.ts": numbers(a, b),
  });
  assert(await changes(project, { "n.ts": numbers(b, a) }));
  const [c, d] = ["export const a = () => 1;", "export const b = [2];"];
  project.write({ "n.ts": numbers(c, d) });
  assertEquals(await changes(project, { "n.ts": numbers(d, c) }), false);
});

Deno.test("a first line for the shell is no code", async () => {
  using project = new Project({ "tasks.ts": fit("const one = 1;", "one") });
  const source = fit("const one = 1;", "one");
  assertEquals(
    await changes(project, { "tasks.ts": `#!/usr/bin/env -S deno run\n${source}` }),
    false,
  );
});

Deno.test("of a namespace those members count that are named; all, where it is handed on", async () => {
  const numbers = "export const a = 1;\nexport const b = 2;\n";
  using named = new Project({
    "tasks.ts": fit('import * as n from "./n.ts";', "n.a"),
    "n.ts": numbers,
  });
  assertEquals(await changes(named, { "n.ts": numbers.replace("2", "22") }), false);
  using whole = new Project({
    "tasks.ts": fit('import * as n from "./n.ts";', "Object.values(n)"),
    "n.ts": numbers,
  });
  assertEquals(await changes(whole, { "n.ts": numbers.replace("2", "22") }), true);
});

Deno.test("modules that import each other are followed once", async () => {
  using project = new Project({
    "tasks.ts": fit('import { a } from "./a.ts";', "a(3)"),
    "a.ts":
      'import { b } from "./b.ts";\nexport const a = (n: number): number => n === 0 ? 0 : b(n - 1);\n',
    "b.ts":
      'import { a } from "./a.ts";\nexport function b(n: number): number { return n === 0 ? 1 : a(n - 1); }\n',
  });
  assert(
    await changes(project, {
      "b.ts":
        'import { a } from "./a.ts";\nexport function b(n: number): number { return n === 0 ? 2 : a(n - 1); }\n',
    }),
  );
});

Deno.test("what is imported by a name that is found out when it runs is told of", async () => {
  using project = new Project({
    "tasks.ts": fit("const load = (name: string) => import(`./${name}.ts`);", 'load("a")'),
  });
  assertEquals((await project.code()).unseen, ["tasks.ts load"]);
});

Deno.test("a module of types alone need not be there; one that is used must be", async () => {
  using types = new Project({
    "tasks.ts": fit('import { Row } from "./rows.d.ts";', "1 as unknown as Row"),
  });
  await types.code();
  using used = new Project({ "tasks.ts": fit('import { rows } from "./rows.ts";', "rows") });
  const error = await assertRejects(() => used.code(), LabError);
  assertStringIncludes(error.message, used.url("rows.ts"));
});

Deno.test("a module is read again when it is saved, however soon, and with as many bytes", async () => {
  using project = new Project({ "tasks.ts": fit("", "1") });
  const versions = new Set<string>();
  for (let i = 0; i < 10; i++) {
    project.write({ "tasks.ts": fit("", String(i)) });
    versions.add(await project.version());
  }
  assertEquals(versions.size, 10);
});

Deno.test("what the program may not read is said with the flag that is missing", async () => {
  using project = new Project({ "tasks.ts": fit("", "1") });
  const readFileSync = Deno.statSync;
  Deno.statSync = () => {
    throw new Deno.errors.NotCapable("Requires read access");
  };
  try {
    const error = await assertRejects(() => project.code(), LabError);
    assertStringIncludes(error.message, `may not read ${project.dir}/tasks.ts: pass --allow-read=`);
  } finally {
    Deno.statSync = readFileSync;
  }
});
