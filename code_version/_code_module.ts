import { CodeItem, type ItemParts, opaqueItem } from "./_code_item.ts";
import {
  isNode,
  keyOf,
  lexicalNames,
  namesIn,
  type Node,
  nodesIn,
  textOf,
  varNames,
} from "./_syntax.ts";
import type { ParsedSource } from "./_parser.ts";
import { taskDefinition } from "./_task_definition.ts";

/**
 * What a name stands for: items of the module (several where `var` declares it again), or something of another one
 * (`*` for all of it).
 */
export type Binding =
  | { readonly kind: "item"; readonly indexes: readonly number[] }
  | ImportBinding;

/** A name of another module. */
export interface ImportBinding {
  readonly kind: "import";
  readonly specifier: string;
  readonly name: string;
  /** The `type` of its import attributes. */
  readonly type: string | undefined;
}

/** A module as declarations, statements, and names. */
export interface CodeModule {
  readonly items: readonly CodeItem[];
  /** What names at the top level stand for. */
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly exports: ReadonlyMap<string, Binding>;
  /** The specifiers of `export * from`. */
  readonly stars: readonly string[];
  /** The specifiers of all static imports, in their order, each with whether it is for its effects only. */
  readonly imports: ReadonlyMap<string, boolean>;
  /** Whether it could not be read as code, so that it counts as a whole. */
  readonly isOpaque: boolean;
}

const TOP_LEVEL = "top level";
/** What may do anything when it is evaluated. */
const UNKNOWN: Node = { type: "Unknown" };

/** A module that was parsed. */
export interface ParsedModule extends ParsedSource {
  /** Whether a specifier stands for this library. */
  readonly isLibrary: (specifier: string) => boolean;
}

/** Takes a module apart. */
export function codeModule(parsed: ParsedModule): CodeModule {
  return new ModuleMaker(parsed).module;
}

/** A module that cannot be taken apart: its text counts, and all that it imports. */
export function opaqueModule(source: string, specifiers: readonly string[]): CodeModule {
  return {
    items: [opaqueItem(source, specifiers)],
    bindings: new Map(),
    exports: new Map(),
    stars: [],
    imports: new Map(specifiers.map((specifier) => [specifier, false])),
    isOpaque: true,
  };
}

interface Declared extends Omit<ItemParts, "values" | "isGlobal"> {
  /** The names that it declares. */
  readonly names: readonly string[];
  /** What is evaluated where it stands. */
  readonly value?: unknown;
}

/** The statements of a module, but for those that are there for types alone. */
function statementsOf({ text, program, placed }: ParsedSource): Node[] {
  const namesNothing = (node: Node) =>
    isNode(node.source) && node.type !== "ExportAllDeclaration" &&
    nodesIn(node.specifiers).length === 0;
  const statements = nodesIn(program.body);
  if (!statements.some(namesNothing)) return statements;
  // Of `import { type A } from` and `export { type A } from`, the braces are left; the module is not imported.
  return nodesIn(placed().body).filter((node) =>
    !namesNothing(node) ||
    !text.slice(node.start as number, (node.source as Node).start as number).includes("{")
  );
}

class ModuleMaker {
  readonly #items: CodeItem[] = [];
  readonly #bindings = new Map<string, Binding>();
  /** The indexes of items by the names that they declare. */
  readonly #declaring = new Map<string, number[]>();
  readonly #exports = new Map<string, Binding>();
  readonly #stars: string[] = [];
  readonly #imports = new Map<string, boolean>();
  readonly #isLibrary: (specifier: string) => boolean;
  readonly #declared: ReadonlySet<string>;

  constructor({ isLibrary, ...parsed }: ParsedModule) {
    this.#isLibrary = isLibrary;
    const statements = statementsOf(parsed);
    const inner = statements.map(({ declaration }) => declaration).filter(isNode);
    const all = [...statements, ...inner];
    this.#declared = new Set([...lexicalNames(all), ...all.flatMap((node) => varNames(node))]);
    for (const node of statements) if (node.type === "ImportDeclaration") this.#import(node);
    for (const node of statements) this.#statement(node);
    for (const node of statements) if (nodesIn(node.specifiers).length > 0) this.#names(node);
  }

  get module(): CodeModule {
    return {
      items: this.#items,
      bindings: this.#bindings,
      exports: this.#exports,
      stars: this.#stars,
      imports: this.#imports,
      isOpaque: false,
    };
  }

  #import(node: Node): void {
    const [specifier, specifiers] = [this.#from(node), nodesIn(node.specifiers)];
    if (specifiers.length === 0) this.#imports.set(specifier, true);
    for (const { type, local, imported } of specifiers) {
      const name = type === "ImportNamespaceSpecifier"
        ? "*"
        : type === "ImportDefaultSpecifier"
        ? "default"
        : nameOf(imported as Node);
      this.#bindings.set(nameOf(local as Node), {
        ...{ kind: "import", specifier, name, type: typeOf(node) },
      });
    }
  }

  #from(node: Node): string {
    const specifier = textOf(node.source)!;
    if (!this.#imports.has(specifier)) this.#imports.set(specifier, false);
    return specifier;
  }

  /** `export { … }` and `export { … } from`, once all names are known. */
  #names(node: Node): void {
    if (node.type !== "ExportNamedDeclaration") return;
    const specifier = node.source ? this.#from(node) : undefined;
    for (const { local, exported } of nodesIn(node.specifiers)) {
      const name = nameOf(local as Node);
      const binding: Binding | undefined = specifier === undefined
        ? this.#bindings.get(name)
        : { kind: "import", specifier, name, type: typeOf(node) };
      if (binding !== undefined) this.#exports.set(nameOf(exported as Node), binding);
    }
  }

  #statement(node: Node): void {
    switch (node.type) {
      case "ImportDeclaration":
      case "EmptyStatement":
        return;
      case "ExportAllDeclaration": {
        const specifier = this.#from(node);
        if (!isNode(node.exported)) this.#stars.push(specifier);
        else {
          const binding = { kind: "import", specifier, name: "*", type: typeOf(node) } as const;
          this.#exports.set(nameOf(node.exported), binding);
        }
        return;
      }
      case "ExportNamedDeclaration": {
        if (node.source) this.#from(node);
        if (!isNode(node.declaration)) return;
        const before = this.#items.length;
        this.#declaration(node.declaration);
        for (const [name, binding] of this.#bindings) {
          if (binding.kind === "item" && binding.indexes.at(-1)! >= before) {
            this.#exports.set(name, binding);
          }
        }
        return;
      }
      case "ExportDefaultDeclaration": {
        const declaration = node.declaration as Node;
        const isNamed = /Declaration$/.test(declaration.type) && isNode(declaration.id);
        if (isNamed) this.#declaration(declaration);
        else this.#value({ name: "default", names: [], node: declaration, value: declaration });
        this.#exports.set("default", { kind: "item", indexes: [this.#items.length - 1] });
        return;
      }
      default:
        return this.#declaration(node);
    }
  }

  #declaration(node: Node): void {
    switch (node.type) {
      case "FunctionDeclaration":
      case "ClassDeclaration": {
        const names = namesIn(node.id);
        return this.#add({ name: names[0]!, names, node, value: node });
      }
      case "VariableDeclaration":
        for (const declarator of nodesIn(node.declarations)) {
          const names = namesIn(declarator.id);
          const { init } = declarator;
          // What is used up is disposed of at the end of the module.
          const value = /using$/.test(String(node.kind)) ? UNKNOWN : init;
          const inPattern = evaluatedIn(declarator.id as Node);
          this.#value({
            ...{ name: names.join(", ") || TOP_LEVEL, names, node: declarator },
            value: inPattern.length > 0 ? [value, ...inPattern] : value,
            kind: String(node.kind),
            isFixed: node.kind === "const" && isNode(init) && isPrimitive(init),
          });
        }
        return;
      case "ExpressionStatement": {
        if (typeof node.directive === "string") return;
        // A member that is read for nothing is a getter that does something.
        const isRead = /^(?:Member|Chain)/.test((node.expression as Node).type);
        const value = isRead ? UNKNOWN : node.expression as Node;
        return this.#add({ name: TOP_LEVEL, names: [], node, value, isBare: true });
      }
      case "IfStatement":
        // What a program does when it is started itself is no part of its tasks.
        if (!isForMain(node.test as Node)) break;
        if (isNode(node.alternate)) this.#declaration(node.alternate);
        return;
    }
    this.#add({ name: TOP_LEVEL, names: varNames(node), node, value: UNKNOWN });
  }

  /** Adds what has a value: of a task type only those fields count that its results may depend on. */
  #value(parts: Declared): void {
    const value = parts.value as Node | null | undefined;
    const definition = isNode(value)
      ? taskDefinition(value, (callee) => this.#isTask(callee))
      : undefined;
    if (definition === undefined) return this.#add(parts);
    const { counted, name } = definition;
    const node = parts.node === value ? counted : { ...parts.node, init: counted };
    this.#add({ ...parts, node, value: counted.arguments, isFixed: true, task: { name } });
  }

  #isTask(callee: Node): boolean {
    const isMember = callee.type === "MemberExpression";
    const root = isMember ? callee.object as Node : callee;
    if (root.type !== "Identifier") return false;
    const binding = this.#bindings.get(root.name as string);
    if (binding?.kind !== "import" || !this.#isLibrary(binding.specifier)) return false;
    return isMember
      ? binding.name === "*" && keyOf(callee, "property") === "task"
      : binding.name === "task";
  }

  /** The environment is the same under the name that `node:process` has for it. */
  #isOfRuntime(name: string): boolean {
    const binding = this.#bindings.get(name);
    return binding === undefined ||
      (binding.kind === "import" && OF_RUNTIME.test(binding.specifier));
  }

  #add({ names, value, ...parts }: Declared): void {
    const index = this.#items.length;
    for (const name of new Set(names)) {
      const before = this.#declaring.get(name);
      if (before !== undefined) before.push(index);
      else {
        const indexes = [index];
        this.#declaring.set(name, indexes);
        this.#bindings.set(name, { kind: "item", indexes });
      }
    }
    this.#items.push(
      new CodeItem({
        ...parts,
        values: Array.isArray(value) ? value : [value],
        isGlobal: (name) => !this.#declared.has(name) && this.#isOfRuntime(name),
      }),
    );
  }
}

/** What a pattern may evaluate: defaults, and keys that are computed. */
function evaluatedIn(pattern: Node): Node[] {
  if (pattern.type === "Identifier") return [];
  if (pattern.type === "AssignmentPattern") {
    return [...evaluatedIn(pattern.left as Node), pattern.right as Node];
  }
  const keys = pattern.computed === true ? nodesIn([pattern.key]) : [];
  const parts = nodesIn([pattern.value, pattern.argument])
    .concat(nodesIn(pattern.properties), nodesIn(pattern.elements));
  return [...keys, ...parts.flatMap(evaluatedIn)];
}

const OF_RUNTIME = /^(?:node:)?process$/;

function nameOf(node: Node): string {
  return node.type === "Identifier" ? node.name as string : String(node.value);
}

function typeOf(node: Node): string | undefined {
  const attribute = nodesIn(node.attributes).find((each) => keyOf(each) === "type");
  return attribute && textOf(attribute.value);
}

function isForMain(test: Node): boolean {
  if (test.type === "LogicalExpression" && test.operator === "&&") {
    return isForMain(test.left as Node);
  }
  return test.type === "MemberExpression" && (test.object as Node).type === "MetaProperty" &&
    keyOf(test, "property") === "main";
}

function isPrimitive(node: Node): boolean {
  switch (node.type) {
    case "Literal":
      return node.regex === undefined;
    case "UnaryExpression":
      return isPrimitive(node.argument as Node);
    case "BinaryExpression":
      return isPrimitive(node.left as Node) && isPrimitive(node.right as Node);
    case "TemplateLiteral":
      return nodesIn(node.expressions).every(isPrimitive);
    default:
      return false;
  }
}
