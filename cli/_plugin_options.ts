import type { GenericSchema } from "valibot";
import { isPlainObject } from "../describe.ts";
import type { Plugin } from "../plugin.ts";

/** One option of a plugin, as its schema tells of it. */
export interface PluginOption {
  /** Its name. */
  readonly name: string;
  /** Its type in a few words: `string`, `"auto" | "always"`. */
  readonly type: string;
  /** Whether it must be given. */
  readonly required: boolean;
  /** What holds when it is not given, where the schema says so. */
  readonly default?: unknown;
  /** What it is for. */
  readonly description?: string;
}

/** The options of a plugin; `undefined` when its schema cannot be written as JSON Schema. */
export async function pluginOptions(plugin: Plugin<unknown>): Promise<PluginOption[] | undefined> {
  const schema = await jsonSchemaOf(plugin);
  if (!isPlainObject(schema) || !isPlainObject(schema.properties ?? {})) return undefined;
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { description, default: standard } = Object(property);
    return {
      name,
      type: typeText(property),
      required: required.includes(name),
      ...(standard !== undefined && { default: standard }),
      ...(typeof description === "string" && { description }),
    };
  });
}

async function jsonSchemaOf({ options }: Plugin<unknown>): Promise<unknown> {
  const standard = options["~standard"];
  try {
    if (standard.vendor === "valibot") {
      // Loaded when first needed: nothing else of the library needs it.
      const { toJsonSchema } = await import("@valibot/to-json-schema");
      return toJsonSchema(options as unknown as GenericSchema, { typeMode: "input" });
    }
    // https://standardschema.dev/json-schema: zod and others bring their own conversion.
    const { jsonSchema } = standard as { jsonSchema?: { input?(options: object): unknown } };
    return jsonSchema?.input?.({ target: "draft-07" });
  } catch {
    return undefined; // a schema with parts that JSON Schema lacks
  }
}

function typeText(schema: unknown): string {
  const { type, enum: values, const: value, anyOf, oneOf, items } = Object(schema);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (value !== undefined) return JSON.stringify(value);
  const choices: unknown = anyOf ?? oneOf;
  if (Array.isArray(choices)) return [...new Set(choices.map(typeText))].join(" | ");
  if (type === "array") return `list of ${typeText(items)}`;
  return typeof type === "string" ? type : Array.isArray(type) ? type.join(" | ") : "any";
}
