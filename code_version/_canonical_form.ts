import { isNode, keyOf, type Node } from "./_syntax.ts";

// Where code stands, and how it was written, is not what it does.
const LEFT_OUT = new Set(["type", "start", "end", "range", "loc", "raw", "shorthand", "directive"]);
// Statements that may stand there without braces.
const BODIES = new Set(["consequent", "alternate", "body"]);
const BRACED = new Set([
  "IfStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
]);

/**
 * A text that two pieces of code share exactly when they are the same but for comments, white space, quotes,
 * parentheses, semicolons, trailing commas and braces round single statements: all that formatters change.
 *
 * Its form, an S-expression with the fields of ESTree in alphabetical order, is part of stored versions.
 */
export function canonicalForm(node: Node): string {
  return nodeForm(node);
}

function nodeForm(node: Node): string {
  switch (node.type) {
    case "Identifier":
      return `'${node.name}`;
    case "Literal":
      return literalForm(node);
    case "TemplateElement":
      return JSON.stringify((node.value as { raw: string }).raw);
    case "Property":
      // Only where it is written out, it sets the prototype.
      if (node.shorthand === true && keyOf(node) === "__proto__") return "{__proto__}";
      return fieldsForm(plainKey(node));
    case "MethodDefinition":
    case "PropertyDefinition":
    case "AccessorProperty":
      return fieldsForm(plainKey(node));
  }
  return fieldsForm(node);
}

function fieldsForm(node: Node): string {
  const isBraced = BRACED.has(node.type);
  let text = `(${node.type}`;
  for (const field of Object.keys(node).sort()) {
    if (LEFT_OUT.has(field)) continue;
    const value = node[field];
    // What is absent, and what is not so, is said in more than one way.
    if (value === undefined || value === null || value === false) continue;
    if (Array.isArray(value)) {
      if (value.length > 0) text += ` ${field}:${listForm(value)}`;
      continue;
    }
    if (!isNode(value)) text += ` ${field}:${JSON.stringify(value)}`;
    else if (isBraced && BODIES.has(field)) text += ` ${field}:${bodyForm(value, field)}`;
    else text += ` ${field}:${nodeForm(value)}`;
  }
  return `${text})`;
}

function listForm(list: readonly unknown[]): string {
  let text = "[";
  for (const item of list) {
    if (!isNode(item)) text += item === null ? " _" : ` ${JSON.stringify(item)}`;
    else if (item.type !== "EmptyStatement") text += ` ${nodeForm(item)}`;
  }
  return `${text}]`;
}

function bodyForm(body: Node, field: string): string {
  const isElseIf = field === "alternate" && body.type === "IfStatement";
  if (body.type === "BlockStatement" || isElseIf) return nodeForm(body);
  const isEmpty = body.type === "EmptyStatement";
  return nodeForm({ type: "BlockStatement", body: isEmpty ? [] : [body] });
}

function literalForm({ value, regex, bigint }: Node): string {
  if (regex !== undefined) {
    const { pattern, flags } = regex as { pattern: string; flags: string };
    return `/${JSON.stringify(pattern)}${[...flags].sort().join("")}`;
  }
  if (bigint !== undefined && bigint !== null) return `${bigint}n`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

// `{ a: 1 }` and `{ "a": 1 }` are one.
function plainKey(node: Node): Node {
  const { key, computed } = node;
  if (computed === true || !isNode(key) || key.type !== "Identifier") return node;
  return { ...node, key: { type: "Literal", value: key.name } };
}
