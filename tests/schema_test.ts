import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import { getLanguageService, type JSONSchema, TextDocument } from "vscode-json-languageservice";
import { loadConfig } from "../config.ts";
import { ConfigError } from "../errors.ts";
import { caches, runners, storages } from "../registry.ts";
import { buildSchema, SCHEMA_URL, writtenFiles } from "../tools/schema.ts";

Deno.test("schema.json and the tables of docs/configuration.md are what deno task schema writes", async () => {
  for (const [file, text] of await writtenFiles()) {
    const current = await Deno.readTextFile(file) === text;
    assert(current, `${file.pathname} is stale: run deno task schema`);
  }
});

const VALID: object[] = [
  {},
  { $schema: SCHEMA_URL, storage: "results" },
  { storage: { type: "local", dir: "results", gitignore: false, durability: "never" } },
  { storage: null, cache: "json", runner: "serial" },
  { storage: { type: "tiered", near: "copies", far: { type: "memory" }, maxAge: 0.5 } },
  {
    storage: {
      type: "tiered",
      near: { type: "memory" },
      far: { type: "tiered", near: { type: "memory" }, far: "shared", write: "near" },
    },
  },
  { storage: { type: "memory", maxBytes: 1000 }, cache: { type: "structured", compress: "zstd" } },
  { runner: { type: "async", maxWorkers: 2 }, maxWorkers: 3, continueOnFailure: false },
  { context: { anything: [1, { a: null }] }, progress: { enabled: false, logLevel: "warn" } },
  { progress: true, labs: { paper: { storage: null, progress: { color: false } } }, plugins: [] },
];

const INVALID: object[] = [
  { storages: "results" },
  { storage: 1 },
  { storage: "" },
  { storage: { type: "local" } },
  { storage: { type: "local", dir: "results", dirr: "results" } },
  { storage: { type: "local", dir: "results", durability: "sometimes" } },
  { storage: { dir: "results" } },
  { storage: { type: "memory", maxBytes: -1 } },
  { storage: { type: "tiered", near: "copies" } },
  { storage: { type: "tiered", near: "copies", far: null } },
  { storage: { type: "tiered", near: "", far: { type: "memory" } } },
  { storage: { type: "tiered", near: "copies", far: { type: "memory", maxBytes: -1 } } },
  { storage: { type: "tiered", near: "copies", far: { type: "memory" }, maxAge: -1 } },
  { cache: { type: "json", indent: "2" } },
  { cache: null },
  { runner: { type: "serial", maxWorkers: 1 } },
  { maxWorkers: 0 },
  { maxWorkers: 1.5 },
  { continueOnFailure: "yes" },
  { context: [] },
  { progress: { colour: true } },
  { progress: { refresh: 10 } },
  { plugins: "./plugin.ts" },
  { plugins: [1] },
  { labs: [] },
  { labs: { paper: { labs: {} } } },
  { labs: { paper: { storage: { type: "null", dir: "results" } } } },
];

/** What only loading can tell, since plugins and variables are there by then. */
const VALID_IN_AN_EDITOR: object[] = [
  { storage: { type: "tiered", near: { env: "NEAR" }, far: { type: "ftp", host: "a" } } },
  { storage: { type: "s3", bucket: "our-results" }, cache: "csv", plugins: ["./s3.ts"] },
  { cache: { type: "csv", delimiter: ";" }, runner: { type: "slurm" } },
  { storage: { env: "RESULTS" }, cache: { env: "CACHE" }, runner: { env: "RUNNER" } },
  { storage: { type: "local", dir: { env: "RESULTS" }, durability: { env: "DURABILITY" } } },
  { progress: { logLevel: { env: "LEVEL" } }, plugins: [{ env: "PLUGIN" }] },
  { cache: { type: "structured", compress: { env: "COMPRESS" } } },
];

Deno.test("the schema accepts what loading accepts, and refuses what it refuses", async () => {
  const validate = new Ajv({ allErrors: true }).compile(buildSchema());
  const accepts = (config: object) => {
    const nested = validate({ name: "@me/study", labtech: config });
    assertEquals(validate(config), nested);
    return nested;
  };
  for (const config of [...VALID, ...VALID_IN_AN_EDITOR]) {
    assert(accepts(config), `${JSON.stringify(config)}: ${JSON.stringify(validate.errors)}`);
  }
  for (const config of INVALID) assert(!accepts(config), JSON.stringify(config));
  for (const config of VALID) {
    const { storage, runner } = await loadConfig(config);
    await storage?.[Symbol.asyncDispose]();
    await runner?.[Symbol.asyncDispose]();
  }
  for (const config of INVALID) {
    // Whether the labs that are not asked for name what exists is seen when one is.
    const lab = "labs" in config && "paper" in (config.labs as object) ? "paper" : undefined;
    const loaded = await loadConfig(config, { lab }).catch((error) => error);
    assert(loaded instanceof ConfigError, JSON.stringify(config));
  }
});

const service = getLanguageService({});
// As docs/configuration.md says to set an editor up.
service.configure({
  schemas: [
    { uri: SCHEMA_URL, fileMatch: ["lab.json"], schema: buildSchema() as JSONSchema },
    {
      uri: "deno-json",
      fileMatch: ["deno.json"],
      schema: { properties: { labtech: { $ref: SCHEMA_URL } } },
    },
  ],
});

/** What an editor proposes where the text has a "|". */
async function proposals(name: string, text: string): Promise<string[]> {
  const at = text.indexOf("|");
  const uri = `file:///study/${name}`;
  const document = TextDocument.create(uri, "json", 1, text.replace("|", ""));
  const json = service.parseJSONDocument(document);
  const found = await service.doComplete(document, document.positionAt(at), json);
  return (found?.items ?? []).map(({ label }) => label.replaceAll('"', ""));
}

Deno.test("an editor completes a file of its own and the key labtech of a deno.json", async () => {
  const files: [string, (config: string) => string][] = [
    ["lab.json", (config) => config],
    ["lab.json", (config) => `{ "labtech": ${config} }`],
    ["deno.json", (config) => `{ "tasks": {}, "labtech": ${config} }`],
  ];
  for (const [name, nested] of files) {
    const propose = (config: string) => proposals(name, nested(config));
    const includes = (found: string[], wanted: readonly string[]) =>
      wanted.forEach((one) => assert(found.includes(one), `${one} is not in ${found}`));
    includes(await propose("{ | }"), ["storage", "cache", "runner", "plugins", "labs"]);
    includes(await propose('{ "storage": { "type": | } }'), storages.names());
    includes(await propose('{ "cache": | }'), caches.names());
    includes(await propose('{ "runner": "|" }'), runners.names());
    includes(await propose('{ "storage": { "type": "local", | } }'), [
      ...["dir", "gitignore", "durability"],
    ]);
    const within = (far: string) => `{ "storage": { "type": "tiered", "far": ${far} } }`;
    includes(await propose(within('{ "type": | }')), storages.names());
    includes(await propose(within('{ "type": "local", | }')), ["dir", "gitignore", "durability"]);
    includes(await propose('{ "storage": { "type": "local", "durability": | } }'), [
      ...["auto", "always", "never"],
    ]);
    includes(await propose('{ "labs": { "paper": { "progress": { | } } } }'), ["logLevel"]);
  }
});

async function complaints(name: string, config: object): Promise<string[]> {
  const text = JSON.stringify(config);
  const document = TextDocument.create(`file:///study/${name}`, "json", 1, text);
  const found = await service.doValidation(document, service.parseJSONDocument(document));
  return found.map(({ message }) => typeof message === "string" ? message : message.value);
}

Deno.test("an editor marks what is misspelt, and nothing that is right", async () => {
  for (const config of [...VALID, ...VALID_IN_AN_EDITOR]) {
    assertEquals(await complaints("lab.json", config), []);
    assertEquals(await complaints("deno.json", { tasks: {}, labtech: config }), []);
  }
  const storage = { type: "local", dir: "results", dirr: 1 };
  for (const config of [{ storage }, { labtech: { storage } }]) {
    assertEquals(await complaints("lab.json", config), ["Property dirr is not allowed."]);
  }
  for (const config of INVALID) {
    assert((await complaints("deno.json", { labtech: config })).length > 0);
  }
});

Deno.test("an editor shows what an option does", async () => {
  const text = '{ "labtech": { "storage": { "type": "local", "dir": "results" } } }';
  const document = TextDocument.create("file:///study/deno.json", "json", 1, text);
  const over = document.positionAt(text.indexOf('"dir"') + 1);
  const hover = await service.doHover(document, over, service.parseJSONDocument(document));
  assert(JSON.stringify(hover?.contents).includes("made if missing"), JSON.stringify(hover));
});
