import {
  declaredNames,
  isNode,
  keyOf,
  lexicalNames,
  namesIn,
  type Node,
  nodesIn,
  textOf,
  varNames,
} from "./_syntax.ts";

/** How a piece of code uses a name that it does not declare itself. */
export interface NameUse {
  /** Whether what the name stands for may be changed by that: it is more than read, or called. */
  touched: boolean;
  /** Whether it is used otherwise than by its members. */
  whole: boolean;
  /** The members that are used, each with whether they may be changed. */
  readonly members: Map<string, boolean>;
}

/** A call of `import` with a literal. */
export interface DynamicImport {
  readonly specifier: string;
  /** The `type` of its import attributes. */
  readonly type: string | undefined;
}

/** What a piece of code refers to. */
export interface FreeNames {
  readonly uses: Map<string, NameUse>;
  /** Names to which, or to whose members, something is assigned or defined. */
  readonly altered: Set<string>;
  /** Functions that are called by a path of names: `Deno.env.set`. */
  readonly called: Set<string>;
  /** What is imported by name when it runs, each once. */
  readonly imports: Map<string, DynamicImport>;
  /** Whether modules are imported whose names are found out only when it runs. */
  hasComputedImport: boolean;
  /** Whether it may use any name, by `eval`. */
  seesAll: boolean;
}

// A value may be changed by whom it is given to; not where only its text, its number or its truth is used.
type Mode = "value" | "read" | "callee";

const DEFINERS = /^(?:Object\.(?:assign|defineProper(?:ty|ties)|setPrototypeOf)|Reflect\.\w+)$/;
const READERS = /^console\.\w+$/;
const WITHOUT_EXTENSION = /^\.{0,2}\/(?:.*\/)?[^./]*$|^\.{1,2}$/;

/** Finds out what nodes refer to that they do not declare. */
export function freeNames(nodes: Iterable<Node>): FreeNames {
  const walk = new Walk();
  for (const node of nodes) walk.visit(node);
  return walk.found;
}

function fieldOf(object: unknown, name: string): unknown {
  if (!isNode(object)) return undefined;
  return nodesIn(object.properties).find((property) => keyOf(property) === name)?.value;
}

class Walk {
  readonly found: FreeNames = {
    uses: new Map(),
    altered: new Set(),
    called: new Set(),
    imports: new Map(),
    hasComputedImport: false,
    seesAll: false,
  };
  readonly #scopes: ReadonlySet<string>[] = [];

  visit(node: Node, mode: Mode = "value"): void {
    switch (node.type) {
      case "Identifier":
        return this.#use(node.name as string, mode);
      case "MemberExpression":
        return this.#member(node, mode);
      case "ChainExpression":
      case "ParenthesizedExpression":
        return this.visit(node.expression as Node, mode);
      case "CallExpression":
      case "NewExpression":
        return this.#call(node);
      case "ImportExpression":
        return this.#import(node);
      case "AssignmentExpression":
        this.#alter(node.left as Node);
        this.#pattern(node.left as Node, "refer");
        return this.visit(node.right as Node);
      case "UpdateExpression":
        this.#alter(node.argument as Node);
        return this.visit(node.argument as Node);
      case "UnaryExpression":
        if (node.operator === "delete") this.#alter(node.argument as Node);
        return this.visit(node.argument as Node, node.operator === "delete" ? "value" : "read");
      case "BinaryExpression":
        return this.#all([node.left, node.right], "read");
      case "TemplateLiteral":
        return this.#all(node.expressions, "read");
      case "TaggedTemplateExpression":
        this.visit(node.tag as Node, "callee");
        return this.#all((node.quasi as Node).expressions);
      case "ConditionalExpression":
        this.visit(node.test as Node, "read");
        return this.#all([node.consequent, node.alternate], mode);
      case "ExpressionStatement":
        return this.visit(node.expression as Node, "read");
      case "MetaProperty":
      case "PrivateIdentifier":
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "LabeledStatement":
        return this.visit(node.body as Node);
      case "Property":
      case "PropertyDefinition":
      case "AccessorProperty":
      case "MethodDefinition":
        return this.#property(node);
      default:
        return this.#scoped(node);
    }
  }

  /** What opens a scope, or declares names, or has no meaning of its own for names. */
  #scoped(node: Node): void {
    switch (node.type) {
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.#function(node);
      case "ClassDeclaration":
      case "ClassExpression":
        return this.#within(namesIn(node.id), () => {
          this.#all(node.decorators);
          this.#all([node.superClass]);
          this.#all((node.body as Node).body);
        });
      case "StaticBlock":
      case "BlockStatement":
        return this.#block(nodesIn(node.body), node.type === "StaticBlock");
      case "SwitchStatement":
        this.visit(node.discriminant as Node, "read");
        return this.#within(
          lexicalNames(nodesIn(node.cases).flatMap(({ consequent }) => nodesIn(consequent))),
          () => this.#all(node.cases),
        );
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement": {
        const head = (node.type === "ForStatement" ? node.init : node.left) as Node | null;
        const declares = head?.type === "VariableDeclaration" && head.kind !== "var";
        return this.#within(declares ? declaredNames(head) : [], () => {
          if (head !== null && head.type !== "VariableDeclaration") {
            if (node.type !== "ForStatement") this.#alter(head);
            this.#pattern(head, "refer");
          } else this.#all([head]);
          this.#all([node.right, node.test, node.update, node.body]);
        });
      }
      case "CatchClause":
        return this.#within(namesIn(node.param), () => {
          if (isNode(node.param)) this.#pattern(node.param, "declare");
          this.visit(node.body as Node);
        });
      case "VariableDeclarator":
        this.#pattern(node.id as Node, "declare");
        return this.#all([node.init]);
      default:
        for (const value of Object.values(node)) this.#all(Array.isArray(value) ? value : [value]);
    }
  }

  #all(values: unknown, mode: Mode = "value"): void {
    if (!Array.isArray(values)) return;
    for (const value of values) if (isNode(value)) this.visit(value, mode);
  }

  #use(name: string, mode: Mode): void {
    if (this.#isLocal(name)) return;
    const use = this.#useOf(name);
    use.whole = true;
    use.touched ||= mode === "value";
  }

  #useOf(name: string): NameUse {
    let use = this.found.uses.get(name);
    if (use === undefined) {
      this.found.uses.set(name, use = { touched: false, whole: false, members: new Map() });
    }
    return use;
  }

  #isLocal(name: string): boolean {
    return this.#scopes.some((names) => names.has(name));
  }

  #member(node: Node, mode: Mode): void {
    const object = node.object as Node;
    if (node.computed === true) this.visit(node.property as Node, "read");
    const name = keyOf(node, "property");
    const isName = object.type === "Identifier";
    // A method may change the object that it is called on.
    if (!isName || name === undefined) {
      return this.visit(object, mode === "read" ? "read" : "value");
    }
    if (this.#isLocal(object.name as string)) return;
    const use = this.#useOf(object.name as string);
    use.touched ||= mode !== "read";
    use.members.set(name, use.members.get(name) || mode === "value");
  }

  #call(node: Node): void {
    const callee = node.callee as Node;
    const path = this.#pathOf(callee);
    if (path === "eval") this.found.seesAll = true;
    if (path !== undefined) this.found.called.add(path);
    const args = nodesIn(node.arguments);
    if (path === "require") this.#require(args[0]);
    if (path !== undefined && DEFINERS.test(path) && args[0] !== undefined) this.#alter(args[0]);
    this.visit(callee, "callee");
    this.#all(args, path !== undefined && READERS.test(path) ? "read" : "value");
  }

  /** The names that lead to a value from one that is not declared here: `Deno.env.set`. */
  #pathOf(node: Node): string | undefined {
    if (node.type === "Identifier") {
      return this.#isLocal(node.name as string) ? undefined : node.name as string;
    }
    if (node.type === "ChainExpression") return this.#pathOf(node.expression as Node);
    if (node.type !== "MemberExpression") return undefined;
    const [path, name] = [this.#pathOf(node.object as Node), keyOf(node, "property")];
    return path === undefined || name === undefined ? undefined : `${path}.${name}`;
  }

  #import(node: Node): void {
    const specifier = textOf(node.source);
    if (specifier === undefined) {
      this.found.hasComputedImport = true;
      this.visit(node.source as Node, "read");
    } else {
      const type = textOf(fieldOf(fieldOf(node.options, "with"), "type"));
      this.found.imports.set(JSON.stringify([specifier, type]), { specifier, type });
    }
    this.#all([node.options]);
  }

  /** What CommonJS looks for under names without an extension is not looked for here. */
  #require(named: Node | undefined): void {
    const specifier = textOf(named);
    if (specifier === undefined) return; // a function of the user's own may be called so
    if (WITHOUT_EXTENSION.test(specifier)) {
      this.found.hasComputedImport = true;
    } else {
      this.found.imports.set(JSON.stringify([specifier, undefined]), {
        specifier,
        type: undefined,
      });
    }
  }

  /** Notes what is changed, or has a member changed. */
  #alter(target: Node): void {
    if (target.type === "MemberExpression") return this.#alter(target.object as Node);
    if (target.type === "ChainExpression") return this.#alter(target.expression as Node);
    if (target.type === "ObjectPattern" || target.type === "ArrayPattern") {
      const parts = nodesIn(target.properties ?? target.elements);
      for (const part of parts) this.#alter((part.value ?? part.argument ?? part) as Node);
    } else if (target.type === "AssignmentPattern") this.#alter(target.left as Node);
    else if (target.type === "Identifier" && !this.#isLocal(target.name as string)) {
      this.found.altered.add(target.name as string);
    }
  }

  /** Visits what a pattern refers to: its names too, unless it declares them. */
  #pattern(node: Node, purpose: "declare" | "refer"): void {
    switch (node.type) {
      case "Identifier":
        if (purpose === "refer") this.visit(node);
        return;
      case "ObjectPattern":
        for (const property of nodesIn(node.properties)) {
          if (property.computed === true) this.visit(property.key as Node, "read");
          this.#pattern((property.value ?? property.argument) as Node, purpose);
        }
        return;
      case "ArrayPattern":
        for (const element of nodesIn(node.elements)) this.#pattern(element, purpose);
        return;
      case "AssignmentPattern":
        this.#pattern(node.left as Node, purpose);
        return this.visit(node.right as Node);
      case "RestElement":
        return this.#pattern(node.argument as Node, purpose);
      default:
        this.visit(node);
    }
  }

  #property(node: Node): void {
    this.#all(node.decorators);
    if (node.computed === true) this.visit(node.key as Node, "read");
    this.#all([node.value]);
  }

  #function(node: Node): void {
    const body = node.body as Node;
    const params = nodesIn(node.params);
    const statements = body.type === "BlockStatement" ? nodesIn(body.body) : [];
    const names = [
      ...node.type === "ArrowFunctionExpression" ? [] : ["arguments"],
      ...namesIn(node.id),
      ...params.flatMap((param) => namesIn(param)),
    ];
    this.#within(names, () => {
      this.#all(node.decorators);
      // What stands for a param that is left out does not see what the body declares.
      for (const param of params) {
        this.#all(param.decorators);
        this.#pattern(param, "declare");
      }
      if (body.type === "BlockStatement") this.#block(statements, true);
      else this.visit(body);
    });
  }

  #block(statements: readonly Node[], ownsVars: boolean): void {
    const vars = ownsVars ? statements.flatMap((statement) => varNames(statement)) : [];
    this.#within([...vars, ...lexicalNames(statements)], () => this.#all(statements));
  }

  #within(names: readonly string[], visit: () => void): void {
    this.#scopes.push(new Set(names));
    visit();
    this.#scopes.pop();
  }
}
