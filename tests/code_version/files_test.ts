import { assert } from "@std/assert";
import { type Files, Project } from "./_project.ts";

const fit = (imports: string, body: string) =>
  `import { task } from "@labtech/lab";\n${imports}\n` +
  `export const Fit = task(import.meta, { name: "Fit", run: () => ${body} });\n`;

interface Case {
  readonly what: string;
  readonly tasks: string;
  readonly files: Files;
  readonly edited: Files;
}

const asText = 'import text from "./a.json" with { type: "text" };';
const asJson = 'import json from "./a.json" with { type: "json" };';

const CASES: readonly Case[] = [
  {
    what: "a text that is imported as bytes",
    tasks: fit('import a from "./a.txt" with { type: "text" };', "a"),
    files: { "a.txt": "a" },
    edited: { "tasks.ts": fit('import a from "./a.txt" with { type: "bytes" };', "a") },
  },
  {
    what: "JSON without white space that is imported as a text",
    tasks: fit('import a from "./a.json" with { type: "json" };', "a"),
    files: { "a.json": "[1]" },
    edited: { "tasks.ts": fit('import a from "./a.json" with { type: "text" };', "a") },
  },
  ...[asText + asJson, asJson + asText].map((imports) => ({
    what: `white space in what is imported as a text and as JSON: ${imports.slice(7, 11)} first`,
    tasks: fit(imports, imports === asText + asJson ? "[text, json]" : "[json, text]"),
    files: { "a.json": "[1]" },
    edited: { "a.json": "[ 1 ]" },
  })),
  {
    what: "white space in JSON that is imported as a text when it is needed",
    tasks: fit("", 'import("./a.json", { with: { type: "text" } })'),
    files: { "a.json": "[1]" },
    edited: { "a.json": "[ 1 ]" },
  },
  {
    what: "a comment in code that is imported as a text when it is needed",
    tasks: fit("", 'import("./a.ts", { with: { "type": "text" } })'),
    files: { "a.ts": "// one\n" },
    edited: { "a.ts": "// two\n" },
  },
];

for (const { what, tasks, files, edited } of CASES) {
  Deno.test(`counts: ${what}`, async () => {
    using project = new Project({ "tasks.ts": tasks, ...files });
    const before = await project.version();
    project.write(edited);
    assert(await project.version() !== before);
  });
}
