import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path/join";
import { relative } from "@std/path/relative";
import { toFileUrl } from "@std/path/to-file-url";
import { modulesOf } from "../runners/_modules.ts";

/** The modules of a directory that `main.ts` there is found to need, in alphabetical order. */
async function found(files: Record<string, string>, start = "main.ts"): Promise<string[]> {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, source] of Object.entries(files)) {
      await Deno.mkdir(join(dir, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(dir, name), source);
    }
    return modulesOf([toFileUrl(join(dir, start)).href])
      .filter((path) => path.startsWith(dir))
      .map((path) => relative(dir, path).replaceAll("\\", "/"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Whether a module with this source is found to need `./x.ts`. */
async function needs(source: string): Promise<boolean> {
  const modules = await found({ "main.ts": source, "x.ts": "" });
  return modules.includes("x.ts");
}

Deno.test("imports and re-exports of every form are followed", async () => {
  for (
    const source of [
      'import { a } from "./x.ts";',
      "import { a } from './x.ts';",
      'import a from "./x.ts"',
      'import a, { b } from "./x.ts"',
      'import * as a from "./x.ts"',
      'import{a}from"./x.ts"',
      'import {\n  a,\n  b as c,\n} from "./x.ts";',
      'import "./x.ts";',
      'import"./x.ts"',
      'export { a } from "./x.ts";',
      'export * from "./x.ts";',
      'export * as a from "./x.ts";',
      'import data from "./x.ts" with { type: "json" };',
      'import { "a name" as a } from "./x.ts";',
      'export { a as "a name" } from "./x.ts";',
      "export * as 'a name' from './x.ts';",
      'import { type A, b } from "./x.ts";',
      'import { type A } from "./x.ts";', // Deno reads it, though nothing of it is left
      'import type from "./x.ts";', // a value that is called type
      'import type, { a } from "./x.ts";',
      'import { from } from "./x.ts";',
      'import from from "./x.ts";',
      'const a = 1; import b from "./x.ts"',
    ]
  ) assert(await needs(source), source);
});

Deno.test("dynamic imports of a literal are followed, others cannot be", async () => {
  for (
    const source of [
      'await import("./x.ts")',
      "import('./x.ts').then(console.log)",
      "await import(`./x.ts`)",
      'await import(\n  "./x.ts",\n  { with: { type: "json" } },\n)',
      'await import(/* why */ "./x.ts")',
      'const load = () => import("./x.ts");',
    ]
  ) assert(await needs(source), source);
  for (const source of ["await import(name)", "await import(`./${name}.ts`)", 'load("./x.ts")']) {
    assert(!await needs(source), source);
  }
});

Deno.test("what is imported for its types alone is left out", async () => {
  for (
    const source of [
      'import type { A } from "./x.ts";',
      'import type A from "./x.ts";',
      'import type * as a from "./x.ts";',
      'import type {\n  A, // with a comment\n} from "./x.ts";',
      'export type { A } from "./x.ts";',
      'export type * from "./x.ts";',
    ]
  ) assert(!await needs(source), source);
});

Deno.test("type declarations do not hide the import after them, semicolons or not", async () => {
  for (
    const before of [
      "export type A = number",
      "export type A = { a: number }\n\n",
      "export interface A { a: number }",
      "export const a = 1",
      "export default a",
      "export { a }",
      "export enum A { b }",
      "import type { B } from './types.ts'",
    ]
  ) {
    assert(await needs(`${before}\nimport { x } from "./x.ts"`), before);
    assert(await needs(`${before};\nexport * from "./x.ts";`), before);
  }
});

Deno.test("comments within an import hide nothing", async () => {
  for (
    const source of [
      'import {\n  a, // the first (of two), "quoted"; don\'t\n  b,\n} from "./x.ts";',
      'import { a /* it\'s; "the" (best) */ } from "./x.ts";',
      'import { a } from /* here */ "./x.ts";',
      'import /* all */ * as a from "./x.ts";',
      'import /* effects */ "./x.ts";',
    ]
  ) assert(await needs(source), source);
});

Deno.test("imports that are commented out are left out", async () => {
  for (
    const source of [
      '// import "./x.ts";',
      '  // import { a } from "./x.ts";',
      '/* import "./x.ts"; */',
      '/**\n * ```ts\n * import { a } from "./x.ts";\n * ```\n */\nexport const b = 1;',
      '/*\nimport "./x.ts";\nawait import("./x.ts");\n*/',
    ]
  ) assert(!await needs(source), source);
});

Deno.test("what only looks like an import is none", async () => {
  for (
    const source of [
      'const important = "./x.ts";',
      'reimport("./x.ts")',
      'const from = "./x.ts";',
      'exports.a = "./x.ts";',
      'Array.from("./x.ts")',
    ]
  ) assert(!await needs(source), source);
});

Deno.test("modules are followed however far they go, in circles too, each once", async () => {
  assertEquals(
    await found({
      "main.ts": 'import "./a/one.ts"; import "./a/two.ts";',
      "a/one.ts": 'export * from "./two.ts"; import "../main.ts";',
      "a/two.ts": 'export * from "./one.ts"; await import("../b/three.ts");',
      "b/three.ts": 'import "./three.ts";',
      "b/unused.ts": "",
    }),
    ["a/one.ts", "a/two.ts", "b/three.ts", "main.ts"],
  );
});

Deno.test("JSON, text and other assets are needed, but not looked into", async () => {
  assertEquals(
    await found({
      "main.ts": `import data from "./data.json" with { type: "json" };
        import text from "./notes.txt" with { type: "text" };
        import "./code.mjs"; import "./more.jsx"; import "./types.mts";`,
      "data.json": '{ "import": "import \\"./x.ts\\"" }',
      "notes.txt": 'import "./x.ts"',
      "code.mjs": "",
      "more.jsx": 'import "./x.ts"',
      "types.mts": "",
      "x.ts": "",
    }),
    ["code.mjs", "data.json", "main.ts", "more.jsx", "notes.txt", "types.mts", "x.ts"],
  );
});

Deno.test("missing modules, folders and modules elsewhere are passed over", async () => {
  assertEquals(
    await found({
      "main.ts": `import "./missing.ts"; import "./folder"; import "https://deno.land/x/a.ts";
        import "jsr:@std/assert"; import "npm:zod"; import "node:fs"; import "no such package";
        import "data:text/javascript,1"; import "http://[bad"; import "./there.ts";`,
      "folder/x.ts": "",
      "there.ts": "",
    }),
    ["main.ts", "there.ts"],
  );
  assertEquals(await found({ "main.ts": "" }, "missing.ts"), []);
});

Deno.test("a module with a query is looked into, and is the same file", async () => {
  assertEquals(
    await found({
      "main.ts": 'import "./a.ts?v=1"; import "./a.ts#b";',
      "a.ts": 'import "./x.ts";',
      "x.ts": "",
    }),
    ["a.ts", "main.ts", "x.ts"],
  );
});

Deno.test("names with blanks, accents and percent signs are paths as they are on disk", async () => {
  assertEquals(
    await found({
      "main.ts": 'import "./a b.ts"; import "./é.ts"; import "./100%25.ts"; import "./c%20d.ts";',
      "a b.ts": "",
      "é.ts": "",
      "100%.ts": "",
      "c d.ts": "",
    }),
    ["100%.ts", "a b.ts", "c d.ts", "main.ts", "é.ts"],
  );
});

Deno.test("the library's own modules are among them, but not what it loads when needed", () => {
  const root = new URL("..", import.meta.url);
  const modules = modulesOf([]).map((path) => toFileUrl(path).href.slice(root.href.length));
  for (const name of ["mod.ts", "lab.ts", "runners/_worker.ts", "caches/cbor/encode.ts"]) {
    assert(modules.includes(name), name);
  }
  assert(!modules.some((name) => /(^|\/)tests\//.test(name)));
  assertEquals(modulesOf([import.meta.resolve("../mod.ts")]), modulesOf([]));
});

Deno.test("a long source takes a time in proportion to its length", async () => {
  const lines = Array.from(
    { length: 40_000 },
    (_, i) => `export const x${i} = { from: ${i} } // ${i}`,
  );
  const comments = "import { // a\n".repeat(3_000);
  assert(await needs(`${lines.join("\n")}\n${comments}\nimport "./x.ts"`));
});
