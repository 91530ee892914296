import { keyOf, type Node, nodesIn, textOf } from "./_syntax.ts";

/** Fields of a definition that have no part in what `run` gives. The rest counts. */
const UNCOUNTED = new Set([
  "name",
  "cache",
  "codeVersion",
  "include",
  "maxParallel",
  "retries",
  "timeout",
  "permissions",
  // What it makes of params is in the id.
  "params",
  "migrate",
  "formerly",
]);

/** A call of `task`. */
export interface TaskDefinition {
  /** The call, without what does not count. */
  readonly counted: Node;
  /** The name of the type, where it is written there. */
  readonly name: string | undefined;
}

/** Reads a call of `task` with a definition written there; `undefined` where a node is none. */
export function taskDefinition(
  call: Node,
  isTask: (callee: Node) => boolean,
): TaskDefinition | undefined {
  if (call.type !== "CallExpression" || !isTask(call.callee as Node)) return undefined;
  const [meta, definition, ...more] = nodesIn(call.arguments);
  if (definition?.type !== "ObjectExpression" || more.length > 0) return undefined;
  const properties = nodesIn(definition.properties);
  const isPlain = properties.every(({ type }) => type === "Property");
  const name = isPlain && properties.find((property) => keyOf(property) === "name")?.value;
  const counted = properties.filter((property) => !UNCOUNTED.has(keyOf(property) ?? ""));
  return {
    counted: { ...call, arguments: [meta, { ...definition, properties: counted }] },
    name: name ? textOf(name) : undefined,
  };
}
