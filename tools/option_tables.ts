/**
 * The tables of `docs/configuration.md`, from the same schemas as `schema.json`.
 *
 * @module
 */

import type { JsonSchema } from "@valibot/to-json-schema";

/** Puts tables in place of what stands between `<!-- NAME -->` and `<!-- /NAME -->`. */
export function withTables(page: string, schema: JsonSchema): string {
  const definitions = schema.definitions as Record<string, JsonSchema>;
  const tables: Record<string, string> = {
    settings: table(["key", "value", "meaning"], optionRows(definitions.config!)),
    progress: table(["key", "value", "meaning"], optionRows(definitions.progress!)),
    signing: table(["key", "value", "meaning"], optionRows(definitions.signing!)),
    ...Object.fromEntries(
      ["storage", "cache", "runner"].map((kind) => [kind, pluginTable(definitions[kind]!)]),
    ),
  };
  return Object.entries(tables).reduce((text, [name, rows]) => {
    const [before, rest] = cut(text, `<!-- ${name} -->\n`);
    const [, after] = cut(rest, `<!-- /${name} -->`);
    return `${before}<!-- ${name} -->\n\n${rows}\n<!-- /${name} -->${after}`;
  }, page);
}

function cut(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`Expected the page to contain ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

/** A cell lists no more values than these. */
const MOST_VALUES = 8;

function optionRows(schema: JsonSchema): string[][] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, option]) => {
    const { description = "", default: standard } = option as JsonSchema;
    const value = [valueText(option as JsonSchema)];
    if (required.has(name)) value.push("required");
    if (standard !== undefined) value.push(`default ${code(standard)}`);
    return [code(name, ""), value.join("; "), description];
  });
}

function pluginTable(schema: JsonSchema): string {
  const plugins = (schema.oneOf as JsonSchema[]).filter(({ properties }) =>
    typeof (properties?.type as JsonSchema | undefined)?.const === "string"
  );
  const rows = plugins.flatMap((plugin) => {
    const { type, ...properties } = plugin.properties as Record<string, JsonSchema>;
    const name = code(type!.const, "");
    const options = optionRows({ ...plugin, properties });
    return [
      [name, "", "", plugin.description ?? ""],
      ...options.map((row) => ["", ...row]),
    ];
  });
  return table(["type", "option", "value", "meaning"], rows);
}

function valueText(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return REFERENCES[schema.$ref.split("/").at(-1)!]!;
  // A part of a plugin's: the second says only what it may not be.
  if (schema.allOf !== undefined) return valueText(schema.allOf[0] as JsonSchema);
  const parts = schema.anyOf as JsonSchema[] | undefined;
  // That a variable may stand for any text is said once for all.
  if (parts !== undefined) {
    return parts.filter(({ $ref }) => $ref !== "#/definitions/variable").map(valueText).join(
      " or ",
    );
  }
  if (schema.enum !== undefined) {
    const { length } = schema.enum;
    if (length > MOST_VALUES) return `one of ${length} names, such as ${code(schema.enum[0])}`;
    return schema.enum.map((value) => code(value)).join(", ");
  }
  if (schema.type === "boolean") return "`true`, `false`";
  if (schema.type === "integer") {
    const { minimum, maximum } = schema;
    return `whole number${minimum === undefined ? "" : ` from ${minimum}`}${
      maximum === undefined ? "" : ` to ${maximum}`
    }`;
  }
  if (schema.type === "array") return `list of ${valueText(schema.items as JsonSchema)}s`;
  if (schema.type !== "object") return String(schema.type);
  const values = schema.additionalProperties as JsonSchema;
  return values.$ref === undefined ? "object" : `object of ${valueText(values)}s`;
}

const REFERENCES: Readonly<Record<string, string>> = {
  storage: "storage",
  cache: "cache",
  runner: "runner",
  progress: "object",
  signing: "object",
  lab: "lab",
};

function code(value: unknown, quote = '"'): string {
  return typeof value === "string" ? `\`${quote}${value}${quote}\`` : `\`${value}\``;
}

/** A table in the layout of `deno fmt`. */
function table(head: string[], body: string[][]): string {
  const rows = [head, ...body].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, i) => Math.max(3, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]) => `| ${cells.join(" | ")} |\n`;
  const [first, ...others] = rows.map((row) => line(row.map((cell, i) => cell.padEnd(widths[i]!))));
  return [first, line(widths.map((width) => "-".repeat(width))), ...others].join("");
}
