import type { FreeNames } from "./_free_names.ts";
import { childrenOf, isNode, keyOf, type Node, nodesIn } from "./_syntax.ts";

// Making these takes in what they are given, and changes nothing.
const MADE = new Set(
  ("Map Set WeakMap WeakSet WeakRef Date RegExp URL URLPattern URLSearchParams Array Object Error TypeError " +
    "RangeError TextEncoder TextDecoder ArrayBuffer SharedArrayBuffer DataView Int8Array Uint8Array " +
    "Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array Float32Array Float64Array " +
    "BigInt64Array BigUint64Array AbortController").split(" "),
);
const MADE_OF_INTL = /^Intl\.\w+$/;
const COMPUTED =
  /^(?:Symbol(?:\.for)?|String(?:\.raw|\.fromCharCode)?|BigInt|Boolean|parseInt|parseFloat|Number(?:\.\w+)?|Math\.\w+|JSON\.\w+|Array\.(?:from|of)|Object\.(?:keys|values|entries|fromEntries))$/;
const FROZEN = /^Object\.(?:freeze|seal|preventExtensions)$/;

/** Global functions whose calls change what other code sees. */
const CHANGERS = /^(?:eval|Function|Deno\.(?:chdir|env\.(?:set|delete)|umask)|process\.chdir)$/;

/**
 * Whether evaluating an expression does nothing but give a value: then it needs no look where nobody uses the
 * value. `isGlobal` tells which names are the runtime's own.
 */
export function isPure(node: unknown, isGlobal: (name: string) => boolean): boolean {
  if (!isNode(node)) return true;
  const pure = (value: unknown) => isPure(value, isGlobal);
  switch (node.type) {
    case "Literal":
    case "Identifier":
    case "ThisExpression":
    case "MetaProperty":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "FunctionDeclaration":
      return true;
    case "TemplateLiteral":
      return nodesIn(node.expressions).every(pure);
    case "ArrayExpression":
      return nodesIn(node.elements).every(pure);
    case "ObjectExpression":
      return nodesIn(node.properties).every(pure);
    case "Property":
      return pure(node.value) && (node.computed !== true || pure(node.key));
    case "SpreadElement":
    case "AwaitExpression":
      return pure(node.argument);
    case "UnaryExpression":
      return node.operator !== "delete" && pure(node.argument);
    case "BinaryExpression":
    case "LogicalExpression":
      return pure(node.left) && pure(node.right);
    case "ConditionalExpression":
      return pure(node.test) && pure(node.consequent) && pure(node.alternate);
    case "MemberExpression":
      return pure(node.object) && (node.computed !== true || pure(node.property));
    case "ChainExpression":
      return pure(node.expression);
    case "SequenceExpression":
      return nodesIn(node.expressions).every(pure);
    case "ClassExpression":
    case "ClassDeclaration":
      return isPureClass(node, pure);
    case "NewExpression":
    case "CallExpression":
      return isPureCall(node, isGlobal);
    default:
      return false;
  }
}

function isPureClass(node: Node, pure: (value: unknown) => boolean): boolean {
  return nodesIn(node.decorators).length === 0 && pure(node.superClass) &&
    nodesIn((node.body as Node).body).every((member) =>
      member.type !== "StaticBlock" && nodesIn(member.decorators).length === 0 &&
      (member.computed !== true || pure(member.key)) &&
      (member.static !== true || member.type === "MethodDefinition" || pure(member.value))
    );
}

function isPureCall(node: Node, isGlobal: (name: string) => boolean): boolean {
  const path = pathOf(node.callee as Node);
  if (path === undefined || !isGlobal(path.split(".")[0]!)) return false;
  const args = nodesIn(node.arguments);
  // A function that is passed is called.
  if (args.some((arg) => /Function/.test(arg.type) || !isPure(arg, isGlobal))) return false;
  if (node.type === "NewExpression") return MADE.has(path) || MADE_OF_INTL.test(path);
  if (FROZEN.test(path)) {
    return args.every(({ type }) => /^(?:Object|Array|Call|New)Exp/.test(type));
  }
  return COMPUTED.test(path) &&
    !args.some(({ type }) => type === "Identifier" && path === "Array.from");
}

function pathOf(node: Node): string | undefined {
  if (node.type === "Identifier") return node.name as string;
  if (node.type !== "MemberExpression") return undefined;
  const [path, name] = [pathOf(node.object as Node), keyOf(node, "property")];
  return path === undefined || name === undefined ? undefined : `${path}.${name}`;
}

/** Whether code changes what all code of the program sees, such as `Array.prototype` or the environment. */
export function changesGlobals(
  { altered, called, uses }: FreeNames,
  isGlobal: (name: string) => boolean,
): boolean {
  if ([...altered].some(isGlobal)) return true;
  if ([...called].some((path) => CHANGERS.test(path) && isGlobal(path.split(".")[0]!))) return true;
  for (const [name, { touched, whole, members }] of uses) {
    if (!isGlobal(name)) continue;
    // Handed on to somebody who may change it.
    if (name === "globalThis" && whole && touched) return true;
    if (members.get("prototype")) return true;
  }
  return false;
}

/** The names in values that are read when those are evaluated, and not within functions. */
export function namesAtOnce(values: readonly unknown[]): Set<string> {
  const names = new Set<string>();
  const pending = values.filter(isNode);
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (/Function/.test(node.type)) continue;
    if (node.type === "Identifier") names.add(node.name as string);
    // Each instance gets a value of its own.
    const isOfInstances = /^(?:Property|Accessor)/.test(node.type) && node.static === false;
    pending.push(...isOfInstances ? nodesIn([node.key]) : childrenOf(node));
  }
  return names;
}
