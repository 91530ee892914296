import { assert, assertEquals } from "@std/assert";
import { sourcePermissions } from "../../code_version/source_permissions.ts";
import { task } from "../../task.ts";
import { Project } from "./_project.ts";

// Each source defines Fit; the first text stands in it once, and what it is replaced with counts or not.
interface Case {
  readonly what: string;
  readonly source: string;
  readonly counts: readonly (readonly [from: string, to: string])[];
  readonly not?: readonly (readonly [from: string, to: string])[];
}

const head = 'import { task } from "@labtech/lab";\n';
const run = (body: string) =>
  `\nexport const Fit = task(import.meta, { name: "Fit", run: () => ${body} });\n`;

const CASES: readonly Case[] = [
  {
    what: "destructuring at the top level, with defaults and rests",
    source:
      `const { a: { b = 1 }, ...rest } = { a: {}, c: 2, d: 3 };\nconst [x, , y = 7] = [4, 5];${
        run("b + x + rest.c")
      }`,
    counts: [["b = 1", "b = 11"], ["c: 2", "c: 22"], ["y = 7", "y = 77"], ["[4, 5]", "[4, , 5]"]],
  },
  {
    what: "names that are hidden by params, blocks, loops, catch clauses, classes and functions",
    source: `
const value = 1, other = 2, third = 3, fourth = 4, fifth = 5, sixth = 6;
${
      run(`{
  const f = (value: number) => value;
  { const other = 8; f(other); }
  for (const third of [1]) f(third);
  try { f(1); } catch (fourth) { f(fourth as number); }
  class fifth {}
  function sixth() { return new fifth(); }
  return [f(2), sixth()];
}`)
    }`,
    counts: [["f(2)", "f(3)"]],
    not: [
      ["value = 1", "value = 10"],
      ["other = 2,", "other = 20,"],
      ["third = 3", "third = 30"],
      [
        "fourth = 4",
        "fourth = 40",
      ],
      ["fifth = 5", "fifth = 50"],
      ["sixth = 6", "sixth = 60"],
    ],
  },
  {
    what: "names that are hidden in one place, and used in another",
    source: `const value = 1;${run("((value: number) => value)(2) + value")}`,
    counts: [["value = 1", "value = 10"]],
  },
  {
    what: "var that is hoisted out of a block",
    source: `const held = 5;${run("{ if (true) { var held = 3; } return held; }")}`,
    counts: [["held = 3", "held = 4"]],
    not: [["held = 5", "held = 6"]],
  },
  {
    what: "what stands for a param that is left out, where the body hides the name",
    source: `
const rate = 1, pick = () => 5, unused = 8;
function fit(a = rate, b = pick()) {
  { var rate = 3; }
  function pick() { return 6; }
  return [a, b, rate, pick()];
}
${run("fit()")}`,
    counts: [["rate = 1", "rate = 2"], ["=> 5", "=> 7"]],
    not: [["unused = 8", "unused = 9"]],
  },
  {
    what: "a name that is declared more than once",
    source: `
var held = 5;
if (Deno.args.length > 100) { var held = 6; }
enum Level { Low = 1 }
enum Level { High = 2 }
namespace shapes { export const side = 3; }
namespace shapes { export const area = side ** 4; }
${run("held + Level.Low + shapes.area")}`,
    counts: [
      ["held = 5", "held = 7"],
      ["held = 6", "held = 7"],
      ["Low = 1", "Low = 7"],
      [
        "High = 2",
        "High = 7",
      ],
      ["side = 3", "side = 7"],
      ["** 4", "** 7"],
    ],
  },
  {
    what: "a class with static blocks, private members, accessors and computed names",
    source: `
const key = "k", seed = 4, unused = 9;
class Model extends Object {
  static #count = 0;
  static { Model.#count = seed; }
  accessor width = 3;
  get [key]() { return Model.#count; }
  has(other: object) { return #depth in other; }
  #depth = 1;
}
${run("new Model().has({})")}`,
    counts: [['key = "k"', 'key = "l"'], ["seed = 4", "seed = 5"], ["width = 3", "width = 2"], [
      "#depth = 1",
      "#depth = 2",
    ]],
    not: [["unused = 9", "unused = 10"]],
  },
  {
    what: "decorators",
    source: `
const factor = 2, unused = 9;
function twice(_: unknown, __: unknown) { return factor; }
@twice class Model { @twice fit() { return 1; } }
${run("new Model().fit()")}`,
    counts: [["factor = 2", "factor = 3"], ["return 1", "return 7"], ["@twice fit", "fit"]],
    not: [["unused = 9", "unused = 10"], ["class Model", "/* it */ class Model"]],
  },
  {
    what: "enums, namespaces and properties that are made of params",
    source: `
enum Level { Low = 1, High = Low * 2 }
namespace shapes { export const side = 3; export interface Not { counted: true } }
class Model { constructor(readonly depth: number = 5) {} }
${run("Level.High + shapes.side + new Model().depth")}`,
    counts: [["Low = 1", "Low = 2"], ["side = 3", "side = 4"], ["number = 5", "number = 6"]],
    not: [["counted: true", "counted: false"], ["depth: number", "depth: 5 | number"]],
  },
  {
    what: "types of all kinds",
    source: `
type Pair<T> = readonly [T, T]; // a
interface Shape { side: number }
declare const outside: number;
abstract class Base<T extends Shape> { abstract area(of: T): number; protected declare kind: string; }
function over(x: string): string; function over(x: number): number;
function over<T>(x: T): T { return x satisfies T as unknown as T; }
class Square extends Base<Shape> { override area(of: Shape): number { return of!.side ** 2; } }
${run("over(new Square().area({ side: 4 } as const))")}`,
    counts: [["side ** 2", "side ** 3"], ["side: 4", "side: 5"]],
    not: [
      ["[T, T]", "[T, T, T]"],
      ["side: number }", "side: bigint }"],
      ["outside: number", "outside: string"],
      ["x satisfies T as unknown as T", "x"],
      ["of!.side", "of.side"],
      [" as const", ""],
      ["override area", "area"],
      ["function over(x: string): string; ", ""],
    ],
  },
  {
    what: "a default export as the task",
    source: `const one = 1;\nexport default task(import.meta, { name: "Fit", run: () => one });\n`,
    counts: [["one = 1", "one = 2"]],
  },
  {
    what: "eval, which may use anything",
    source: `let hidden = 1;${run('eval("hidden")')}`,
    counts: [["hidden = 1", "hidden = 2"]],
  },
  {
    what: "templates and tags, regular expressions and big numbers",
    source: `const tag = String.raw;${run("[tag`a\\n${1}`, /a+/gi, 10n, 0x1F]")}`,
    counts: [["a\\n", "a\\t"], ["a+", "a*"], ["10n", "11n"]],
    not: [["/gi", "/ig"], ["0x1F", "31"], ["10n", "1_0n"]],
  },
  {
    what: "labels, switches, generators, using, optional chains and top-level await",
    source: `
const at = await Promise.resolve(3), label = 9;
${
      run(`{
  label: for (const x of (function* () { yield at; })()) {
    switch (x) { case 1: { break label; } default: continue label; }
  }
  using held = { [Symbol.dispose]() {} };
  return held?.[Symbol.dispose]?.();
}`)
    }`,
    counts: [["resolve(3)", "resolve(4)"], ["case 1:", "case 2:"], ["yield at", "yield* [at]"]],
    not: [["label = 9", "label = 8"]],
  },
  {
    what: "a variable that the module sets later",
    source: `
let model: number;
if (Deno.build.os === "windows") model = 1;
else model = 2;
let other = 0;
other = 3;
${run("model")}`,
    counts: [["model = 1", "model = 11"], ["model = 2", "model = 22"], ['"windows"', '"linux"']],
    not: [["other = 3", "other = 4"]],
  },
  {
    what: "a table that is filled in a loop, and by a function",
    source: `
const table: number[] = [], other: number[] = [];
for (let i = 0; i < 10; i++) table.push(i);
function fill(n: number) { table[n] = n; }
fill(20);
for (let i = 0; i < 30; i++) other.push(i);
${run("table.length")}`,
    counts: [["i < 10", "i < 11"], ["fill(20)", "fill(21)"]],
    not: [["i < 30", "i < 31"]],
  },
  {
    what: "whether a value is taken before a statement changes it, or after that",
    source: `
const settings = { rate: 1 };
const alias = settings;
settings.rate = 2;
const rate = alias.rate;
let count = 1;
count = 2;
const held = { count };
const later = () => settings.rate;
class Model { rate = settings.rate; }
const unused = settings.rate;
${run("[rate, held, later(), new Model().rate]")}`,
    counts: [
      [
        "settings.rate = 2;\nconst rate = alias.rate;",
        "const rate = alias.rate;\nsettings.rate = 2;",
      ],
      ["count = 2;\nconst held = { count };", "const held = { count };\ncount = 2;"],
    ],
    not: [
      [
        "const later = () => settings.rate;\nclass Model { rate = settings.rate; }",
        "class Model { rate = settings.rate; }\nconst later = () => settings.rate;",
      ],
      [
        "const held = { count };\nconst later = () => settings.rate;",
        "const later = () => settings.rate;\nconst held = { count };",
      ],
    ],
  },
  {
    what: "what is handed to a function that may change it",
    source: `
const settings = { a: 1 };
const copy = freeze(settings);
function freeze<T>(x: T): T { return Object.freeze(x); }
${run("settings.a")}`,
    counts: [["Object.freeze(x)", "x"]],
  },
  {
    what: "the environment, set by the name that node:process has for it",
    source: `
import process, { env } from "node:process";
process.env.ONE = "1";
env.TWO = "2";
console.log(process.pid, env.HOME);
${run('Deno.env.get("ONE") + Deno.env.get("TWO")')}`,
    counts: [['= "1"', '= "11"'], ['= "2"', '= "22"']],
    not: [["process.pid, ", ""]],
  },
  {
    what: "what is disposed of at the end of the module, what a getter does, and what a default is",
    source: `
const list: number[] = [];
const { a: { b = list.push(3) } = {} } = {} as { a?: { b?: number } };
using held = { [Symbol.dispose]() { list.push(1); } };
const lazy = { get filled() { return list.push(2); } };
lazy.filled;
${run("list")}`,
    counts: [["push(1)", "push(11)"], ["push(2)", "push(22)"], ["push(3)", "push(33)"]],
  },
  {
    what: "a prototype that is set, or not",
    source: `const __proto__ = { a: 1 };${run("({ __proto__ })")}`,
    counts: [["{ __proto__ }", "{ __proto__: __proto__ }"], ["a: 1", "a: 2"]],
  },
  {
    what: "constants that a logged line reads",
    source: `
const size = 3, names = ["a"];
console.log("sizes", size, names, \`\${names}\`);
${run("size + names.length")}`,
    counts: [["size = 3", "size = 4"]],
    not: [['"sizes"', '"the sizes"'], ["`${names}`", "1"]],
  },
  {
    what: "circles of functions",
    source: `
const even = (n: number): boolean => n === 0 || odd(n - 1);
function odd(n: number): boolean { return n !== 0 && even(n - 1); }
${run("even(4)")}`,
    counts: [["n !== 0", "n > 0"], ["n === 0", "n < 1"]],
  },
  {
    what: "a function of one's own that defines types",
    source: `
function model(name: string, run: () => number) { return task(import.meta, { name, run }); }
export const Fit = model("Fit", () => 1);
export const Other = model("Other", () => 2);
`,
    counts: [["() => 1", "() => 11"], ["{ name, run }", "{ name, run: () => run() }"]],
    not: [["() => 2", "() => 22"]],
  },
  {
    what: "a function of one's own that has the name, and is given the rest",
    source: `
function define(run: () => number) { return task(import.meta, { name: "Fit", run }); }
export const Fit = define(() => 1);
`,
    counts: [["() => 1", "() => 11"], ['{ name: "Fit", run }', '{ run, name: "Fit" }']],
  },
  {
    what: "types with names that are put together, and a name that stands elsewhere",
    source: `
import { Lab } from "@labtech/lab";
const fit = () => 1;
export const types = ["i"].map((part) => task(import.meta, { name: \`F\${part}t\`, run: fit }));
export const Report = task(import.meta, { name: "Report", run: () => "Fit" });
export const lab = new Lab({ storage: "Fit" });
`,
    counts: [["() => 1", "() => 11"]],
  },
  {
    what: "types that are defined in a way that cannot be seen: all of the module counts",
    source: `
const names = ["F" + "it", "Other"];
export const types = names.map((name) => task(import.meta, { name, run: () => name.length }));
export const odd = 1;
`,
    counts: [['"Other"', '"Others"'], ["odd = 1", "odd = 2"]],
    not: [["odd = 1", "odd /* */ = 1"]],
  },
  {
    what: "a definition with a name in a constant, and with parts from elsewhere",
    source: `
const NAME = "Fit";
const base = { filterContext: () => ({}) };
export const Fit = task(import.meta, { ...base, name: NAME, run: () => 1 });
`,
    counts: [["() => ({})", "() => ({ a: 1 })"], ["run: () => 1", "run: () => 2"]],
  },
  {
    what: "a run that is defined elsewhere, as a method, or got from a call",
    source: `
const make = (n: number) => () => n;
const work = { run: make(3) };
export const Fit = task(import.meta, { name: "Fit", run: work.run });
`,
    counts: [["make(3)", "make(4)"], ["=> n;", "=> -n;"]],
  },
  {
    what: "the task function under another name, and as a member",
    source: `
import { task as define } from "@labtech/lab";
import * as lab from "@labtech/lab";
export const Fit = define(import.meta, { name: "Fit", maxParallel: 1, run: () => 1 });
export const Other = lab.task(import.meta, { name: "Other", maxParallel: 2, run: () => 2 });
`,
    counts: [["run: () => 1", "run: () => 11"]],
    not: [["maxParallel: 1", "maxParallel: 3"], ["run: () => 2", "run: () => 22"]],
  },
  {
    what: "an object's getter, and a method by a computed name",
    source: `
const key = "area";
const shape = { get side() { return 3; }, [key]() { return this.side ** 2; } };
${run("shape[key]()")}`,
    counts: [["return 3", "return 4"], ['"area"', '"size"'], ["get side()", "side()"]],
  },
  {
    what: "what begins like a comment",
    source: `${run('"// no comment" + `/* none */`.length + /\\/\\*/.source')}`,
    counts: [["// no comment", "// no"], ["/* none */", "/* */"]],
  },
];

for (const { what, source, counts, not = [] } of CASES) {
  Deno.test(`seen: ${what}`, async () => {
    using project = new Project({ "tasks.ts": head + source });
    const before = await project.version();
    for (const [pairs, expected] of [[counts, true], [not, false]] as const) {
      for (const [from, to] of pairs) {
        assertEquals(source.split(from).length, 2, `${from} stands there once`);
        project.write({ "tasks.ts": head + source.replace(from, () => to) });
        assertEquals(await project.version() !== before, expected, `${from} to ${to}`);
      }
    }
    project.write({ "tasks.ts": head + source });
    assertEquals(await project.version(), before);
  });
}

Deno.test("a module that cannot be read as code counts as a whole, with all that it imports", async () => {
  using project = new Project({
    "tasks.ts": `${head}import { page } from "./page.tsx";${run("page(1)")}`,
    "page.tsx":
      'import { title } from "./title.ts";\nexport const page = (n: number) => <b>{title(n)}</b>;\n',
    "title.ts": "export const title = (n: number) => `${n}`; // text\n",
  });
  const before = await project.code();
  assert(before.parts.has("page.tsx all of it"));
  project.write({
    "page.tsx":
      'import { title } from "./title.ts";\nexport const page = (n: number) => <i>{title(n)}</i>;\n',
  });
  const edited = await project.version();
  assert(edited !== before.version);
  project.write({ "title.ts": "export const title = (n: number) => `${n + 1}`;\n" });
  assert(await project.version() !== edited);
});

Deno.test("modules with JSX count as a whole, in JavaScript too, and by what their elements are made with", async () => {
  for (const page of ["page.tsx", "page.jsx"]) {
    const config = (from: string) => `{ "compilerOptions": { "jsxImportSource": "${from}" } }`;
    const lock = (version: string) =>
      `{ "version": "5", "specifiers": { "npm:preact@10": "${version}", "npm:react@19": "19.0.0" } }`;
    const source = 'import { title } from "./title.ts";\n' +
      "export const page = (n) => <b>don't {title(n)}</b>, unused = 1;\n";
    using project = new Project({
      "sub/tasks.ts": `${head}import { page } from "./${page}";${run("page(1)")}`,
      [`sub/${page}`]: source,
      "sub/title.ts": "export const title = (n: number) => `${n}`;\n",
      "deno.json": config("npm:preact@10"),
      "deno.lock": lock("10.1.0"),
    });
    const version = () => project.version("Fit", "sub/tasks.ts");
    const { version: before, parts } = await project.code("Fit", "sub/tasks.ts");
    assert(parts.has(`${page} all of it`) && parts.has("npm:preact"), [...parts.keys()].join());
    const edits: Record<string, string> = {
      [`sub/${page}`]: source.replace("unused = 1", "unused = 2"),
      "sub/title.ts": "export const title = (n: number) => `${n + 1}`;\n",
      "deno.json": config("npm:react@19"),
      "deno.lock": lock("10.2.0"),
    };
    for (const [file, text] of Object.entries(edits)) {
      const old = Deno.readTextFileSync(`${project.dir}/${file}`);
      project.write({ [file]: text });
      assert(await version() !== before, `${page}: ${file}`);
      project.write({ [file]: old });
      assertEquals(await version(), before, `${page}: ${file}`);
    }
    project.write({ [`sub/${page}`]: `/** @jsxImportSource npm:react@19 */\n${source}` });
    const own = await project.code("Fit", "sub/tasks.ts");
    assertEquals([own.parts.has("npm:react"), own.parts.has("npm:preact")], [true, false]);
  }
});

Deno.test("modules that could have JSX, and have none, are taken apart", async () => {
  for (const helper of ["helper.tsx", "helper.jsx"]) {
    const source = "export const f = (n) => n, unused = 1;\n";
    using project = new Project({
      "tasks.ts": `${head}import { f } from "./${helper}";${run("f(1)")}`,
      [helper]: source,
    });
    const before = await project.version();
    project.write({ [helper]: source.replace("unused = 1", "unused = 2") });
    assertEquals(await project.version(), before);
    project.write({ [helper]: source.replace("=> n", "=> n + 1") });
    assert(await project.version() !== before);
  }
});

Deno.test("what is to be read of modules with JSX has the configurations above them", () => {
  using project = new Project({
    ...{ "sub/deno.json": "{}", "deno.json": "{}" },
    "sub/page.tsx": "export const f = () => <b/>;",
    "sub/tasks.ts": `${head}import { f } from "./page.tsx";${run("f()")}`,
    "sub/plain.ts": `${head}${run("1")}`,
  });
  const read = (path: string) => {
    const type = task({ url: project.url(path) }, { name: path.replace(/\W/g, "_"), run: () => 0 });
    const { read = [] } = sourcePermissions([type]);
    const within = (read as string[]).filter((each) => each.startsWith(`${project.dir}/`));
    return within.map((each) => each.slice(project.dir.length + 1));
  };
  assertEquals(read("sub/tasks.ts").filter((each) => each.endsWith("deno.json")), [
    "deno.json",
    "sub/deno.json",
  ]);
  assertEquals(read("sub/plain.ts").filter((each) => each.endsWith("deno.json")), []);
});
