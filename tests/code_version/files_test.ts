import { assert, assertEquals, assertRejects } from "@std/assert";
import { LabError } from "@labtech/lab";
import { CodeReader } from "../../code_version/code_reader.ts";
import { testWithRun } from "../storages/_scratch.ts";
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
    what: "the sign of a zero in JSON",
    tasks: fit(asJson, "json"),
    files: { "a.json": "[0, -0.5]" },
    edited: { "a.json": "[-0, -0.5]" },
  },
  {
    what: "a number in JSON that is too large",
    tasks: fit(asJson, "json"),
    files: { "a.json": "[null]" },
    edited: { "a.json": "[1e999]" },
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

Deno.test("a file that one type imports and another includes counts for both, whichever is read first", async () => {
  const module = (name: string, imports: string) =>
    fit(imports, "1").replace('"Fit"', JSON.stringify(name));
  using project = new Project({
    "imports.ts": fit(asJson, "json"),
    "includes.ts": module("Includes", ""),
  });
  const read = async (order: readonly ("imports" | "includes")[]) => {
    const reader = await CodeReader.open();
    const resolve = (specifier: string) =>
      specifier.startsWith("@labtech/") ? import.meta.resolve(specifier) : specifier;
    const codes = order.map((each) => {
      const module = project.url(`${each}.ts`);
      return each === "imports"
        ? reader.read({ taskName: "Fit", module, resolve })
        : reader.read({ taskName: "Includes", module, include: ["a.json"], resolve });
    });
    return new Map(order.map((each, i) => [each, codes[i]!]));
  };
  project.write({ "a.json": "[1]" });
  const [first, second] = [
    await read(["imports", "includes"]),
    await read(["includes", "imports"]),
  ];
  project.write({ "a.json": "[2]" });
  const [third, fourth] = [
    await read(["imports", "includes"]),
    await read(["includes", "imports"]),
  ];
  for (const type of ["imports", "includes"] as const) {
    assertEquals(first.get(type)!.version, second.get(type)!.version);
    assertEquals(third.get(type)!.version, fourth.get(type)!.version);
    assert(first.get(type)!.version !== third.get(type)!.version);
  }
});

Deno.test("files with names that mean something in URLs are included by patterns", async () => {
  const names = ["a#1.csv", "a%41.csv", "b c.csv", "ü.csv", "a"];
  const files = Object.fromEntries(names.map((name) => [`data/${name}`, "1"]));
  using project = new Project({ "tasks.ts": fit("", "1"), ...files }, { include: ["data/*"] });
  const { parts, version } = await project.code();
  assertEquals([...parts.keys()], [...names.map((name) => `data/${name}`), "tasks.ts Fit"].sort());
  for (const name of names) {
    project.write({ [`data/${name}`]: "2" });
    assert(await project.version() !== version, name);
    project.write({ [`data/${name}`]: "1" });
  }
});

testWithRun(
  "a pipe that is included, or what leads to one, is refused and not waited for",
  async () => {
    const files = { "tasks.ts": fit("", "1"), "data/a.csv": "1" };
    using named = new Project(files, { include: ["pipe"] });
    using found = new Project(files, { include: ["data/*"] });
    for (const project of [named, found]) {
      const path = `${project.dir}/pipe`;
      const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
      assert(success);
      await Deno.symlink(path, `${project.dir}/data/b.csv`);
      await assertRejects(() => project.code(), LabError, "it is no file");
    }
  },
);
