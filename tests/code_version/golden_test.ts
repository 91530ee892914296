import { assertEquals } from "@std/assert";
import { CODE_FORMAT } from "../../code_version/code_reader.ts";
import { type Files, Project } from "./_project.ts";

// Versions that results are stored under. Who changes one raises CODE_FORMAT, and lets the old ones stand here.
const VERSIONS: Readonly<Record<number, readonly string[]>> = {
  1: [
    "auto:d1705c709e5d01d9e4dc96e16226f994daeda831",
    "auto:f9beb804e8cd779bf2218f55d6fbc8019a033b44",
    "auto:aaf3774cdb4699ce5d2b805148f9f6ec3ea90532",
  ],
};

const HEAD = 'import { task } from "@labtech/lab";\n';
const PROJECTS: readonly Files[] = [
  { "tasks.ts": `${HEAD}export const Fit = task(import.meta, { name: "Fit", run: () => 1 });\n` },
  {
    "tasks.ts": `${HEAD}import { Model } from "./model.ts";
import settings from "./settings.json" with { type: "json" };
import { deal } from "npm:cards@^1.0.0";
const BIAS = -0.5e3, TEXT = \`a\${BIAS}b\`, BIG = 12n, MATCH = /a\\/b/giu;
class Better extends Model { static #n = 1; override fit({ x = 2, ...rest }: any) { return super.fit(x)?.[0] ?? rest; } }
export const Fit = task(import.meta, {
  name: "Fit",
  filterContext: (context) => ({ a: context.a }),
  async *run() { for await (const x of deal(settings)) { if (x) yield* [x, TEXT, BIG, MATCH]; else break; } return new Better(); },
});
`,
    "model.ts":
      "const cache = new Map();\ncache.set(1, 2);\nexport class Model { fit(x: number) { return cache.get(x) } }\n",
    "settings.json": '{ "a": [1, null, "x"] }',
    "deno.lock":
      '{ "version": "5", "specifiers": { "npm:cards@1": "1.2.3" }, "npm": { "cards@1.2.3": { "integrity": "i" } } }',
  },
  {
    "tasks.ts":
      `${HEAD}enum Level { Low, High = 5 }\nexport const Fit = task(import.meta, { name: "Fit", run: () => Level.High });\n`,
  },
];

Deno.test("the versions of the same code stay what they are, for each format", async () => {
  const versions: string[] = [];
  for (const files of PROJECTS) {
    using project = new Project(files);
    versions.push(await project.version());
  }
  assertEquals(versions, VERSIONS[CODE_FORMAT]);
});
