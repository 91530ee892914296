/**
 * Syntax trees in the form of ESTree (https://github.com/estree/estree), in so far as they are looked at here.
 *
 * @module
 */

/** A node; what it holds besides depends on its type. */
export interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Whether a field of a node holds a node. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** The nodes of a list that may have holes. */
export function nodesIn(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** All nodes directly within a node, in the order of its fields. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const value of Object.values(node)) {
    if (isNode(value)) children.push(value);
    else if (Array.isArray(value)) children.push(...value.filter(isNode));
  }
  return children;
}

/** The text that a node stands for by itself: that of a string, or of a template without expressions. */
export function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node.type !== "TemplateLiteral" || nodesIn(node.expressions).length > 0) return undefined;
  return (nodesIn(node.quasis)[0]?.value as { cooked?: string } | undefined)?.cooked;
}

/** The name of a property or member, where it is known without running anything. */
export function keyOf(node: Node, field: "key" | "property" = "key"): string | undefined {
  const key = node[field];
  if (!isNode(key)) return undefined;
  if (node.computed !== true && key.type === "Identifier") return key.name as string;
  if (node.computed !== true && key.type === "Literal") return String(key.value);
  return textOf(key);
}

/** The names that a pattern declares. */
export function namesIn(pattern: unknown, names: string[] = []): string[] {
  if (!isNode(pattern)) return names;
  switch (pattern.type) {
    case "Identifier":
      names.push(pattern.name as string);
      break;
    case "ObjectPattern":
      for (const property of nodesIn(pattern.properties)) {
        namesIn(property.type === "RestElement" ? property : property.value, names);
      }
      break;
    case "ArrayPattern":
      for (const element of nodesIn(pattern.elements)) namesIn(element, names);
      break;
    case "AssignmentPattern":
      namesIn(pattern.left, names);
      break;
    case "RestElement":
      namesIn(pattern.argument, names);
  }
  return names;
}

/** The names that statements declare in the block that they stand in. */
export function lexicalNames(statements: readonly Node[]): string[] {
  return statements.flatMap((statement) => {
    switch (statement.type) {
      case "FunctionDeclaration":
      case "ClassDeclaration":
        return namesIn(statement.id);
      case "VariableDeclaration":
        return statement.kind === "var" ? [] : declaredNames(statement);
      default:
        return [];
    }
  });
}

/** The names that a `var`, `let`, `const` or `using` declares. */
export function declaredNames(declaration: Node): string[] {
  return nodesIn(declaration.declarations).flatMap(({ id }) => namesIn(id));
}

/** The names of `var`s in statements, at any depth but not within functions. */
export function varNames(node: Node, names: string[] = []): string[] {
  if (node.type === "VariableDeclaration" && node.kind === "var") {
    names.push(...declaredNames(node));
  }
  if (/Function|^Class|Expression$/.test(node.type)) return names;
  for (const child of childrenOf(node)) varNames(child, names);
  return names;
}
