import { sha256Hex } from "../digest.ts";
import { canonicalForm } from "./_canonical_form.ts";
import { changesGlobals, isPure, namesAtOnce } from "./_effects.ts";
import { type FreeNames, freeNames } from "./_free_names.ts";
import type { Node } from "./_syntax.ts";

/** How many hex digits the digests of declarations have. */
const DIGITS = 16;

/** What an item is made of. */
export interface ItemParts {
  /** How a person would call it. */
  readonly name: string;
  /** Its syntax. */
  readonly node: Node;
  /** What its canonical form begins with. @default {""} */
  readonly kind?: string;
  /** What is evaluated where it stands. */
  readonly values: readonly unknown[];
  /** Whether what it gives is dropped, so that it stands there for what it does. @default {false} */
  readonly isBare?: boolean;
  /** Whether it is a constant that nobody can change: a number, a text, a task type. @default {false} */
  readonly isFixed?: boolean;
  /** The task type that it is: then running it is no part of evaluating the module. @default {none} */
  readonly task?: { readonly name: string | undefined } | undefined;
  /** Whether a name is the runtime's own. */
  readonly isGlobal: (name: string) => boolean;
}

/** One declaration, or statement, at the top level of a module. What is known of it is found out when needed. */
export class CodeItem {
  readonly #parts: ItemParts;
  #form: string | undefined;
  #free: FreeNames | undefined;
  #isPure: boolean | undefined;
  #readAtOnce: Set<string> | undefined;

  constructor(parts: ItemParts) {
    this.#parts = parts;
  }

  get name(): string {
    return this.#parts.name;
  }

  get isBare(): boolean {
    return this.#parts.isBare ?? false;
  }

  get isFixed(): boolean {
    return this.#parts.isFixed ?? false;
  }

  get isTask(): boolean {
    return this.#parts.task !== undefined;
  }

  /** The name of the task type that it is, where that can be seen. */
  get taskName(): string | undefined {
    return this.#parts.task?.name;
  }

  /** Its canonical form; see {@linkcode canonicalForm}. */
  get form(): string {
    const { kind = "", node } = this.#parts;
    return this.#form ??= `${kind} ${canonicalForm(node)}`;
  }

  /** The digest of the form: 16 hex digits. */
  get digest(): string {
    return sha256Hex(this.form).slice(0, DIGITS);
  }

  /** What it refers to. */
  get free(): FreeNames {
    return this.#free ??= freeNames([this.#parts.node]);
  }

  /** Whether evaluating it does nothing but give a value. */
  get isPure(): boolean {
    const { values, isGlobal } = this.#parts;
    return this.#isPure ??= values.every((value) => isPure(value, isGlobal));
  }

  /** The names that are read where it stands: not those in functions, which may be called later. */
  get readAtOnce(): ReadonlySet<string> {
    return this.#readAtOnce ??= namesAtOnce(this.#parts.values);
  }

  /** Whether it changes what all code of the program sees. */
  get changesGlobals(): boolean {
    return changesGlobals(this.free, this.#parts.isGlobal);
  }
}

/** What could not be taken apart: a text that imports something, and may do anything. */
export function opaqueItem(source: string, imports: readonly string[]): CodeItem {
  const call = (specifier: string): Node => ({
    type: "ImportExpression",
    source: { type: "Literal", value: specifier },
  });
  const anything: Node = {
    type: "AssignmentExpression",
    left: { type: "Identifier", name: "globalThis" },
    right: { type: "Identifier", name: "undefined" },
  };
  return new CodeItem({
    name: "all of it",
    node: { type: "Source", source, imports: imports.map(call), effects: [anything] },
    values: [anything],
    isBare: true,
    isGlobal: () => true,
  });
}
