import { sha256Hex } from "../digest.ts";
import { canonicalForm } from "./_canonical_form.ts";
import { changesGlobals, isPure } from "./_effects.ts";
import { type FreeNames, freeNames } from "./_free_names.ts";
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

/** One declaration, or statement, at the top level of a module. */
export interface CodeItem {
  /** How a person would call it. */
  readonly name: string;
  /** Its canonical form; see `canonicalForm`. */
  readonly form: string;
  /** The digest of the form: 16 hex digits. */
  readonly digest: string;
  /** What it refers to. */
  readonly free: FreeNames;
  /** Whether evaluating it does nothing but give a value. */
  readonly isPure: boolean;
  /** Whether what it gives is dropped, so that it stands there for what it does. */
  readonly isBare: boolean;
  /** Whether it is a constant that nobody can change: a number, a text, a task type. */
  readonly isFixed: boolean;
  /** Whether it changes what all code of the program sees. */
  readonly changesGlobals: boolean;
  /** Whether it is a task type: running it is no part of evaluating the module. */
  readonly isTask: boolean;
  /** The name of the task type that it is. */
  readonly taskName: string | undefined;
}

/** What a name stands for: an item of the module, or something of another one (`*` for all of it). */
export type Binding =
  | { readonly kind: "item"; readonly index: number }
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
  "params",
  "migrate",
  "formerly",
]);
const TOP_LEVEL = "top level";

/** How many hex digits the digests of declarations have. */
const DIGITS = 16;

/**
 * Takes a module apart.
 *
 * @param isLibrary Whether a specifier stands for this library.
 */
export function codeModule(program: Node, isLibrary: (specifier: string) => boolean): CodeModule {
  return new ModuleMaker(nodesIn(program.body), isLibrary).module;
}

/** A module that cannot be taken apart: its text counts, and all that it imports. */
export function opaqueModule(source: string, specifiers: readonly string[]): CodeModule {
  const free = freeNames([]);
  for (const specifier of specifiers) free.imports.add(specifier);
  const item: CodeItem = {
    ...{ name: "all of it", form: source, digest: sha256Hex(source).slice(0, DIGITS), free },
    ...{ isPure: false, isBare: true, isFixed: false, changesGlobals: true },
    ...{ isTask: false, taskName: undefined },
  };
  return {
    items: [item],
    bindings: new Map(),
    exports: new Map(),
    stars: [],
    imports: new Map(specifiers.map((specifier) => [specifier, false])),
    isOpaque: true,
  };
}

interface ItemParts {
  readonly name: string;
  readonly names: readonly string[];
  readonly node: Node;
  readonly form?: string;
  /** What is evaluated where it stands. */
  readonly value?: unknown;
  readonly isBare?: boolean;
  readonly isFixed?: boolean;
  readonly task?: { readonly name: string | undefined };
}

class ModuleMaker {
  readonly #items: CodeItem[] = [];
  readonly #bindings = new Map<string, Binding>();
  readonly #exports = new Map<string, Binding>();
  readonly #stars: string[] = [];
  readonly #imports = new Map<string, boolean>();
  readonly #isLibrary: (specifier: string) => boolean;
  readonly #declared: ReadonlySet<string>;

  constructor(statements: readonly Node[], isLibrary: (specifier: string) => boolean) {
    this.#isLibrary = isLibrary;
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
          if (binding.kind === "item" && binding.index >= before) this.#exports.set(name, binding);
        }
        return;
      }
      case "ExportDefaultDeclaration": {
        const declaration = node.declaration as Node;
        const isNamed = /Declaration$/.test(declaration.type) && isNode(declaration.id);
        if (isNamed) this.#declaration(declaration);
        else this.#value({ name: "default", names: [], node: declaration, value: declaration });
        this.#exports.set("default", { kind: "item", index: this.#items.length - 1 });
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
          this.#value({
            ...{ name: names.join(", ") || TOP_LEVEL, names, node: declarator, value: init },
            isFixed: node.kind === "const" && isNode(init) && isPrimitive(init),
          }, String(node.kind));
        }
        return;
      case "ExpressionStatement": {
        if (typeof node.directive === "string") return;
        const value = node.expression as Node;
        return this.#add({ name: TOP_LEVEL, names: [], node, value, isBare: true });
      }
      case "IfStatement":
        // What a program does when it is started itself is no part of its tasks.
        if (!isForMain(node.test as Node)) break;
        if (isNode(node.alternate)) this.#declaration(node.alternate);
        return;
    }
    this.#add({ name: TOP_LEVEL, names: varNames(node), node, value: { type: "Unknown" } });
  }

  /** Adds what has a value: of a task type only those fields count that its results may depend on. */
  #value(parts: ItemParts, kind = ""): void {
    const value = parts.value as Node | null | undefined;
    const definition = isNode(value) ? this.#definition(value) : undefined;
    if (definition === undefined) {
      return this.#add({ ...parts, form: `${kind} ${canonicalForm(parts.node)}` });
    }
    const { counted, name } = definition;
    const node = parts.node === value ? counted : { ...parts.node, init: counted };
    this.#add({
      ...parts,
      ...{ node, value: counted.arguments, isFixed: true, task: { name } },
      form: `${kind} ${canonicalForm(node)}`,
    });
  }

  /** The call of `task`, without what does not count, where a value is one. */
  #definition(
    call: Node,
  ): { readonly counted: Node; readonly name: string | undefined } | undefined {
    if (call.type !== "CallExpression" || !this.#isTask(call.callee as Node)) return undefined;
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

  #add({ name, names, node, form = canonicalForm(node), ...parts }: ItemParts): void {
    const index = this.#items.length;
    for (const each of names) this.#bindings.set(each, { kind: "item", index });
    const isGlobal = (each: string) => !this.#declared.has(each) && !this.#bindings.has(each);
    const free = freeNames([node]);
    const { isBare = false, isFixed = false, task, value } = parts;
    this.#items.push({
      ...{ name, form, digest: sha256Hex(form).slice(0, DIGITS), free, isBare, isFixed },
      isPure: Array.isArray(value)
        ? value.every((each) => isPure(each, isGlobal))
        : isPure(value, isGlobal),
      changesGlobals: changesGlobals(free, isGlobal),
      isTask: task !== undefined,
      taskName: task?.name,
    });
  }
}

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
