/**
 * Writes `schema.json`, the JSON Schema that completes and checks a configuration in an editor, and the
 * tables of `docs/configuration.md`, from the schemas that check a configuration when it is loaded.
 *
 * @module
 */

import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import "../builtins.ts";
import {
  cacheSchema,
  configSchema,
  labSchema,
  progressSchema,
  runnerSchema,
  signingSchema,
  specSchema,
  storageSchema,
  variableSchema,
} from "../config/schema.ts";
import type { Plugin } from "../plugin.ts";
import { caches, type Registry, runners, storages } from "../registry.ts";
import { VERSION } from "../version.ts";
import { withTables } from "./option_tables.ts";

const DRAFT = "http://json-schema.org/draft-07/schema#";

/** Where the published schema lies. */
export const SCHEMA_URL = `https://jsr.io/@labtech/lab/${VERSION}/schema.json`;

/** Makes the schema from what is registered: a file of its own, or one with a key `labtech`. */
export function buildSchema(): JsonSchema {
  return {
    $schema: DRAFT,
    $id: SCHEMA_URL,
    title: "Configuration of a labtech Lab",
    type: "object",
    if: { required: ["labtech"] },
    then: { properties: { labtech: ref("config") } },
    else: ref("config"),
    definitions: {
      ...settings(),
      storage: {
        oneOf: [
          { type: "string", minLength: 1, description: "The path of a directory" },
          { type: "null", description: "Keeps nothing" },
          ...specs(storages),
        ],
      },
      cache: { oneOf: [...names(caches), ...specs(caches)] },
      runner: { oneOf: [...names(runners), ...specs(runners)] },
    },
  };
}

function ref(name: string): JsonSchema {
  return { $ref: `#/definitions/${name}` };
}

/** What the schemas of the configuration say; what may be a plugin is left to the registries. */
function settings(): Record<string, JsonSchema> {
  const plugins = new Map<unknown, JsonSchema>([
    [storageSchema, ref("storage")],
    [cacheSchema, ref("cache")],
    [runnerSchema, ref("runner")],
    [specSchema, {}],
  ]);
  const { $defs } = toJsonSchema(configSchema, {
    typeMode: "input",
    // What only the code can check, an editor cannot.
    ignoreActions: ["check"],
    definitions: {
      config: configSchema,
      lab: labSchema,
      progress: progressSchema,
      signing: signingSchema,
      variable: variableSchema,
    },
    overrideRef: ({ referenceId }) => `#/definitions/${referenceId}`,
    overrideSchema: ({ valibotSchema }) => plugins.get(valibotSchema),
  });
  return $defs as Record<string, JsonSchema>;
}

/** The forms of a plugin as `{ "type": name, …options }`. */
function specs<T>(registry: Registry<T>): JsonSchema[] {
  const known = registry.names();
  return [
    ...[...registry].map((plugin) => specOf(plugin as Plugin<unknown>, registry.kind)),
    {
      type: "object",
      description: `A ${registry.kind} that a plugin registers`,
      properties: { type: { type: "string", not: { enum: known } } },
      required: ["type"],
    },
    ref("variable"),
  ];
}

function specOf({ name, summary, options, parts = [] }: Plugin<unknown>, kind: string): JsonSchema {
  const { $schema: _, ...json } = toJsonSchema(options as unknown as v.GenericSchema, {
    typeMode: "input",
    // What only the code can check, an editor cannot.
    ignoreActions: ["check"],
    overrideSchema: ({ valibotSchema }) => valibotSchema.type === "custom" ? {} : undefined,
  });
  const { properties = {}, required = [], ...rest } = withVariables(json);
  for (const part of parts) {
    const { description } = properties[part] as JsonSchema;
    // Anything of the kind, but not nothing.
    properties[part] = { description, allOf: [ref(kind), { not: { type: "null" } }] };
  }
  return {
    ...rest,
    description: summary,
    properties: { type: { const: name, description: summary }, ...properties },
    required: ["type", ...required],
  };
}

/** The forms of a plugin as a name only. */
function names<T>(registry: Registry<T>): JsonSchema[] {
  const known = registry.names();
  return [
    ...[...registry].map(({ name, summary }) => ({ const: name, description: summary })),
    {
      type: "string",
      description: `The name of a ${registry.kind} that a plugin registers`,
      not: { enum: known },
    },
  ];
}

/** Lets `{ "env": "NAME" }` stand wherever a string may. */
function withVariables(schema: JsonSchema): JsonSchema {
  if (schema.type === "string") {
    const { description, title, default: standard, ...text } = schema;
    return {
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      ...(standard !== undefined && { default: standard }),
      anyOf: [text, ref("variable")],
    };
  }
  const within = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(within);
    return typeof part === "object" && part !== null ? withVariables(part as JsonSchema) : part;
  };
  const copy: Record<string, unknown> = { ...schema };
  for (const key of ["items", "additionalProperties", "anyOf", "oneOf", "allOf"]) {
    if (key in copy) copy[key] = within(copy[key]);
  }
  if (schema.properties !== undefined) {
    const entries = Object.entries(schema.properties);
    copy.properties = Object.fromEntries(entries.map(([key, value]) => [key, within(value)]));
  }
  return copy as JsonSchema;
}

/** The files that are written, and what stands in them. */
export async function writtenFiles(): Promise<Map<URL, string>> {
  const schema = buildSchema();
  const page = new URL("../docs/configuration.md", import.meta.url);
  const text = (await Deno.readTextFile(page))
    .replaceAll(/https:\/\/jsr\.io\/@labtech\/lab\/[^/]+\/schema\.json/g, SCHEMA_URL);
  return new Map([
    [new URL("../schema.json", import.meta.url), `${JSON.stringify(schema, null, 2)}\n`],
    [page, withTables(text, schema)],
  ]);
}

if (import.meta.main) {
  for (const [file, text] of await writtenFiles()) await Deno.writeTextFile(file, text);
}
