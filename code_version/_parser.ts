/**
 * Source text to syntax trees. Types are taken out by the runtime (`node:module`), which keeps all else as it
 * is; a parser in JavaScript reads what is left. It is loaded when the first version follows its code.
 *
 * @module
 */

import { builtin } from "../builtin.ts";
import { LabError } from "../lab_error.ts";
import { type Node, nodesIn } from "./_syntax.ts";

// One version only: what it makes of code is part of stored versions.
const PARSER = "npm:meriyah@7.4.2";

interface Parser {
  parseModule(source: string, options: { next: boolean; ranges?: boolean }): Node;
}

type Strip = (source: string, options: { mode: "strip" | "transform" }) => string;

/** A module without its types. */
export interface ParsedSource {
  /** As text. */
  readonly text: string;
  /** As code. */
  readonly program: Node;
  /** The same with the places of nodes in the text. */
  readonly placed: () => Node;
}

/** Reads modules as code. */
export class ModuleParser {
  readonly #parser: Parser;
  readonly #strip: Strip;

  private constructor(parser: Parser, strip: Strip) {
    this.#parser = parser;
    this.#strip = strip;
  }

  /**
   * Loads the parser.
   *
   * @throws {LabError} When it cannot be had.
   */
  static async load(): Promise<ModuleParser> {
    const { stripTypeScriptTypes } = builtin<{ stripTypeScriptTypes: Strip }>("node:module");
    const specifier: string = PARSER; // an import of a literal would be downloaded by everybody
    try {
      return new ModuleParser(await import(specifier), stripTypeScriptTypes);
    } catch (cause) {
      throw new LabError(
        `Cannot load ${PARSER}, which reads code for codeVersion "auto": ${
          (cause as Error).message
        }. It ` +
          `is downloaded once, when first used; where that may not be, run \`deno cache ${PARSER}\` before`,
        {},
        { cause },
      );
    }
  }

  /**
   * The module without its types, as text and as code; `undefined` where it cannot be read as that: with JSX, of
   * which the runtime's compiler makes code by its own rules, it counts as a whole.
   */
  parse(
    source: string,
    url: string,
  ): ParsedSource | undefined {
    const options = { next: true };
    try {
      const plain = /\.[cm]?tsx?$/.test(new URL(url).pathname)
        ? this.#withoutTypes(source)
        : source;
      // With places, trees are half as large again, and take as much longer.
      const placed = () => this.#parser.parseModule(plain, { ...options, ranges: true });
      return { text: plain, program: this.#parser.parseModule(plain, options), placed };
    } catch {
      return undefined;
    }
  }

  /** An expression, such as JSON with comments; `undefined` where the text is none. */
  parseExpression(text: string): Node | undefined {
    try {
      const program = this.#parser.parseModule(`(${text}\n)`, { next: false });
      return nodesIn(program.body)[0]?.expression as Node | undefined;
    } catch {
      return undefined;
    }
  }

  // Decorators and enums are for the second way, which writes the module anew.
  #withoutTypes(source: string): string {
    try {
      return this.#strip(source, { mode: "strip" });
    } catch {
      return this.#strip(source, { mode: "transform" });
    }
  }
}
