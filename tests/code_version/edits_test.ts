import { assertEquals } from "@std/assert";
import { type Files, Project } from "./_project.ts";

const TASKS = `
import { type Task, task } from "@labtech/lab";
import { Model } from "./model.ts";
import * as stats from "./stats.ts";
import { settings } from "./settings.ts";
import config from "./config.json" with { type: "json" };
import { registry } from "./registry.ts";
import "./plugins.ts";
import type { Row } from "./types.ts";

const BIAS = 0.5;

/** Fits a model. */
export const Fit = task(import.meta, {
  name: "Fit",
  codeVersion: "auto",
  maxParallel: 2,
  filterContext: (context) => ({ scale: context.scale }),
  run({ rows }: { rows: Row[] }, { context }): number {
    const centre: number = stats.mean(rows.map(({ x }) => x));
    const model = new Model(settings.rate, config.depth);
    return registry.get("loss")!(model.fit(centre + BIAS, context.scale as number));
  },
});

export const Score = task(import.meta, {
  name: "Score",
  codeVersion: "auto",
  run: async ({ fit }: { fit: Task<number> }) => {
    const { round } = await import("./rounding.ts");
    return round(fit.result);
  },
});

if (import.meta.main) console.log("run me by the Lab");
`;

const PROJECT: Files = {
  "tasks.ts": TASKS,
  "model.ts": `
import { clamp } from "./limits.ts";
export { unusedHelper } from "./unused.ts";

export class Model {
  #depth: number;
  constructor(private_rate: number, depth: number) {
    this.rate = private_rate;
    this.#depth = depth;
  }
  rate: number;
  fit(x: number, scale: number): number {
    let total = 0;
    for (let i = 0; i < this.#depth; i++) total += clamp(x * this.rate * scale);
    return total;
  }
}

export function describeModel(model: Model): string {
  return "model " + model.rate;
}
`,
  "limits.ts": `
export enum Limit { Low = -1, High = 1 }
export const clamp = (x: number) => Math.max(Limit.Low, Math.min(x, Limit.High));
`,
  "unused.ts": `export function unusedHelper() { return 1; }\n`,
  "stats.ts": `
export * from "./means.ts";
export function median(xs: number[]): number {
  return xs.toSorted((a, b) => a - b)[xs.length >> 1]!;
}
`,
  "means.ts": `
export function mean(xs: readonly number[]): number {
  if (xs.length === 0) return NaN;
  else return sum(xs) / xs.length;
}
function sum(xs: readonly number[]): number {
  return xs.reduce((a, b) => a + b, 0);
}
export function variance(xs: number[]): number {
  const m = mean(xs);
  return mean(xs.map((x) => (x - m) ** 2));
}
`,
  "settings.ts": `
export const settings = { rate: 0.1, "steps": 100 };
export const other = { rate: 0.2 };
`,
  "config.json": `{ "depth": 3, "names": ["a", "b"] }\n`,
  "registry.ts": `
export const registry = new Map<string, (x: number) => number>();
export function register(name: string, of: (x: number) => number) {
  registry.set(name, of);
}
`,
  "plugins.ts": `
import { register } from "./registry.ts";
register("loss", (x) => x ** 2);
const started = Date.now();
console.log("plugins are there since", started);
const table = makeTable(3);
function makeTable(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
`,
  "rounding.ts": `export const round = (x: number) => Math.round(x);\n`,
  "types.ts": `export interface Row { x: number }\n`,
};

/** What is edited: a module, what stood there, and what stands there now. */
type Edit = readonly [module: string, from: string, to: string];

interface Case {
  readonly kind: string;
  readonly edits: readonly Edit[];
  /** Which of Fit and Score have to run again. */
  readonly reruns: "" | "Fit" | "Score" | "Fit Score";
}

const edit = (kind: string, reruns: Case["reruns"], ...edits: Edit[]): Case => ({
  kind,
  reruns,
  edits,
});

const CASES: readonly Case[] = [
  // What must run again.
  edit("a number in run", "Fit", ["tasks.ts", "model.fit(centre + BIAS", "model.fit(2 + BIAS"]),
  edit("a constant beside run", "Fit", ["tasks.ts", "BIAS = 0.5", "BIAS = 0.6"]),
  edit("filterContext", "Fit", ["tasks.ts", "scale: context.scale", "scale: context.size"]),
  edit("a method of a class", "Fit", ["model.ts", "total += clamp", "total -= clamp"]),
  edit("a private field of a class", "Fit", [
    "model.ts",
    "this.#depth = depth",
    "this.#depth = depth + 1",
  ]),
  edit("a helper of a helper, two imports away", "Fit", ["limits.ts", "Math.max", "Math.hypot"]),
  edit("a member of an enum", "Fit", ["limits.ts", "High = 1", "High = 2"]),
  edit("a helper behind export *", "Fit", ["means.ts", "return NaN", "return 0"]),
  edit("a function that a helper calls", "Fit", ["means.ts", "a + b", "a + b + 0"]),
  edit("an operator", "Fit", [
    "tasks.ts",
    "centre + BIAS",
    "centre * BIAS",
  ]),
  edit("a property of an object", "Fit", ["settings.ts", "rate: 0.1", "rate: 0.11"]),
  edit("another property of an object that is used", "Fit", ["settings.ts", "100", "101"]),
  edit("a value in JSON", "Fit", ["config.json", "3", "4"]),
  edit("an order in JSON", "Fit", ["config.json", '"a", "b"', '"b", "a"']),
  edit("what is registered when a module is imported", "Fit", ["plugins.ts", "x ** 2", "x ** 3"]),
  edit("a further registration", "Fit", [
    "plugins.ts",
    "const started",
    'register("other", (x) => x);\nconst started',
  ]),
  edit("a prototype that is changed", "Fit Score", [
    "plugins.ts",
    "const started",
    "(Array.prototype as any).last = 1;\nconst started",
  ]),
  edit("a global that is set", "Fit Score", [
    "plugins.ts",
    "const started",
    "(globalThis as any).seed = 1;\nconst started",
  ]),
  edit("the environment that is set", "Fit Score", [
    "plugins.ts",
    "const started",
    'Deno.env.set("A", "b");\nconst started',
  ]),
  edit("a method of a class, set from outside", "Fit", [
    "model.ts",
    "export function describeModel",
    "Model.prototype.fit = () => 1;\nexport function describeModel",
  ]),
  edit("a literal dynamic import", "Score", ["rounding.ts", "Math.round", "Math.floor"]),
  edit("a string", "Fit", ["tasks.ts", 'get("loss")', 'get("lost")']),
  edit("a text in a template", "Fit", ["tasks.ts", "BIAS = 0.5", "BIAS = Number(`0.5`)"]),
  edit("a condition", "Fit", ["means.ts", "xs.length === 0", "xs.length == 0"]),
  edit("an await", "Score", ["tasks.ts", "return round(fit", "return await round(fit"]),
  edit("what an import stands for", "Fit", [
    "stats.ts",
    'export * from "./means.ts";',
    'export * from "./means.ts";\nexport function mean(xs: number[]) { return xs[0]!; }',
  ]),
  edit("an import that is taken from another module", "Fit", [
    "tasks.ts",
    "{ settings }",
    "{ other as settings }",
  ]),
  edit("let in place of const", "Fit", ["tasks.ts", "const BIAS", "let BIAS"]),
  edit("an initialiser that comes to a class", "Fit", [
    "model.ts",
    "rate: number;\n  fit",
    "rate: number = 1;\n  fit",
  ]),
  edit("arguments in another order", "Fit", [
    "tasks.ts",
    "settings.rate, config.depth",
    "config.depth, settings.rate",
  ]),
  edit("the run of another task", "Score", ["tasks.ts", "round(fit.result)", "round(-fit.result)"]),

  // What must not.
  edit("a comment", "", ["tasks.ts", "const BIAS", "// how much\nconst BIAS"]),
  edit("a comment within run", "", ["tasks.ts", "const model =", "/* the model */ const model ="]),
  edit("the type of a local variable", "", ["tasks.ts", "centre: number", "centre: Centre"]),
  edit("a type of a param", "", ["tasks.ts", "rows: Row[]", "rows: readonly Row[]"]),
  edit("an interface in another module", "", ["types.ts", "x: number", "x: number; y: number"]),
  edit("an assertion of a type", "", [
    "tasks.ts",
    "context.scale as number",
    "context.scale as any",
  ]),
  edit("white space and line breaks", "", [
    "means.ts",
    "xs.reduce((a, b) =>",
    "xs.reduce(\n(a,b)  =>",
  ]),
  edit("quotes", "", ["tasks.ts", 'get("loss")', "get('loss')"]),
  edit("semicolons", "", ["means.ts", "/ xs.length;", "/ xs.length"]),
  edit("braces round a statement", "", ["means.ts", "return NaN;", "{ return NaN; }"]),
  edit("a trailing comma", "", ["settings.ts", '"steps": 100', '"steps": 100,']),
  edit("parentheses", "", ["tasks.ts", "centre + BIAS,", "(centre + BIAS),"]),
  edit("the quotes of a property", "", ["settings.ts", '"steps"', "steps"]),
  edit("a number written in another way", "", ["settings.ts", "100", "1_00"]),
  edit("a function that nobody calls", "", [
    "model.ts",
    "export class",
    "function odd() {}\nexport class",
  ]),
  edit("the code of a function that nobody calls", "", ["stats.ts", "xs.length >> 1", "0"]),
  edit("an exported function that nobody calls", "", ["means.ts", "** 2", "** 3"]),
  edit("a constant that nobody uses", "", ["settings.ts", "rate: 0.2", "rate: 0.3"]),
  edit("a module that is re-exported and not used", "", ["unused.ts", "return 1", "return 2"]),
  edit("a line that is logged at the top level", "", [
    "plugins.ts",
    "are there",
    "have been there",
  ]),
  edit("a value that is computed at the top level and not used", "", [
    "plugins.ts",
    "Table(3)",
    "Table(4)",
  ]),
  edit("what the program does when it is started itself", "", ["tasks.ts", "run me", "do run me"]),
  edit("how many run at once", "", ["tasks.ts", "maxParallel: 2", "maxParallel: 3"]),
  edit("where results are kept, retries and time limits", "", [
    "tasks.ts",
    "maxParallel: 2",
    'cache: "json", retries: 2, timeout: 1000',
  ]),
  edit("an export of what was there", "", ["tasks.ts", "const BIAS", "export const BIAS"]),
  edit("white space in JSON", "", ["config.json", '{ "depth": 3', '{\n  "depth":   3']),
  edit("the order of imports", "", [
    "tasks.ts",
    'import { settings } from "./settings.ts";\n',
    "",
  ], [
    "tasks.ts",
    'import "./plugins.ts";',
    'import "./plugins.ts";\nimport { settings } from "./settings.ts";',
  ]),
  edit("the order of functions", "", [
    "means.ts",
    "export function variance",
    "function later() {}\nexport function variance",
  ]),
  edit("line ends of Windows", "", [
    "means.ts",
    "if (xs.length === 0) return NaN;\n",
    "if (xs.length === 0) return NaN;\r\n",
  ]),
  edit("a hint to a tool", "", [
    "tasks.ts",
    "const BIAS",
    "// deno-lint-ignore no-explicit-any\nconst BIAS",
  ]),
  edit("an import of a type", "", ["tasks.ts", "import type { Row }", "import { type Row }"]),
  edit("an enum that nobody uses", "", [
    "means.ts",
    "function sum",
    "enum Odd { A }\nfunction sum",
  ]),
  edit("a decorated class that nobody uses", "", [
    "means.ts",
    "function sum",
    "function mark(_: unknown, __: unknown) {}\n@mark class Odd { a = 1 }\nfunction sum",
  ]),
  edit("a further task type", "", [
    "tasks.ts",
    "if (import.meta.main)",
    'export const More = task(import.meta, { name: "More", run: () => registry.size });\nif (import.meta.main)',
  ]),
];

for (const { kind, edits, reruns } of CASES) {
  const what = reruns === "" ? "runs nothing again" : `runs ${reruns.replace(" ", " and ")} again`;
  Deno.test(`edited: ${kind}: ${what}`, async () => {
    using project = new Project(PROJECT);
    const versions = () => Promise.all(["Fit", "Score"].map((name) => project.version(name)));
    const before = await versions();
    const files: Record<string, string> = { ...PROJECT };
    for (const [module, from, to] of edits) {
      assertEquals(files[module]!.split(from).length, 2, `${from} stands once in ${module}`);
      files[module] = files[module]!.replace(from, () => to);
    }
    project.write(files);
    const after = await versions();
    const changed = ["Fit", "Score"].filter((_, i) => before[i] !== after[i]);
    assertEquals(changed.join(" "), reruns);
  });
}
