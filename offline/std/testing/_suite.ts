import type { DescribeDefinition, ItDefinition, TestOptions } from "./bdd.ts";

/** A hook; `this` is what hooks hand to tests. */
export type Hook<T> = (this: T) => void | Promise<void>;

/** The body of a test. */
export type TestFunction<T> = (this: T, t: Deno.TestContext) => void | Promise<void>;

const hookNames = ["beforeAll", "afterAll", "beforeEach", "afterEach"] as const;
type HookName = typeof hookNames[number];

// deno-lint-ignore no-explicit-any
type AnyContext = any;

type Step =
  | { readonly suite: Suite; readonly definition: DescribeDefinition<AnyContext> }
  | { readonly suite?: undefined; readonly definition: ItDefinition<AnyContext> };

function pickOptions(options: TestOptions): TestOptions {
  const { ignore, sanitizeExit, sanitizeOps, sanitizeResources } = options;
  const picked = { ignore, sanitizeExit, sanitizeOps, sanitizeResources };
  return Object.fromEntries(Object.entries(picked).filter(([, value]) => value !== undefined));
}

/** A suite while it is described and while it runs. */
export class Suite {
  /** The suite whose function is running. */
  static #current: Suite | undefined;

  readonly #steps: Step[] = [];
  readonly #hooks: Record<HookName, Hook<AnyContext>[]>;

  constructor(definition: DescribeDefinition<AnyContext>) {
    const hooks = hookNames.map((name) => [name, [definition[name] ?? []].flat()]);
    this.#hooks = Object.fromEntries(hooks);
  }

  /** Registers a test in the suite being described, or with Deno. */
  static addTest(definition: ItDefinition<AnyContext>): void {
    if (Suite.#current) {
      Suite.#current.#steps.push({ definition });
      return;
    }
    const { name, fn, only = false } = definition;
    Deno.test({ ...pickOptions(definition), name, only, fn: async (t) => await fn.call({}, t) });
  }

  /** Describes a suite and registers it in the one around it, or with Deno. */
  static addSuite(definition: DescribeDefinition<AnyContext>): void {
    const suite = new Suite(definition);
    const around = Suite.#current;
    Suite.#current = suite;
    try {
      // deno-lint-ignore no-explicit-any
      if ((definition.fn?.() as any) instanceof Promise) {
        throw new Error(
          'Returning a Promise from "describe" is not supported: tests must be defined synchronously',
        );
      }
    } finally {
      Suite.#current = around;
    }
    if (around) {
      around.#steps.push({ suite, definition });
      return;
    }
    const { name, only = false } = definition;
    const fn = (t: Deno.TestContext) => suite.#run(t, {}, []);
    Deno.test({ ...pickOptions(definition), name, only: only || suite.#hasOnly(), fn });
  }

  /** Adds a hook to the suite being described. */
  static addHook(name: HookName, hook: Hook<AnyContext>): void {
    if (!Suite.#current) {
      throw new Error(`Call ${name} inside describe: hooks for all suites are not stood in for`);
    }
    Suite.#current.#hooks[name].push(hook);
  }

  #hasOnly(): boolean {
    return this.#steps.some(isOnly);
  }

  async #run(t: Deno.TestContext, context: object, around: readonly Suite[]): Promise<void> {
    const path = [...around, this];
    const steps = this.#hasOnly() ? this.#steps.filter(isOnly) : this.#steps;
    try {
      for (const hook of this.#hooks.beforeAll) await hook.call(context);
      for (const { suite, definition } of steps) {
        const fn = (t: Deno.TestContext) =>
          suite
            ? suite.#run(t, { ...context }, path)
            : Suite.#runTest(t, { ...context }, path, definition.fn);
        await t.step({ ...pickOptions(definition), name: definition.name, fn });
      }
    } finally {
      for (const hook of this.#hooks.afterAll) await hook.call(context);
    }
  }

  /** Runs a test in the hooks of all suites around it, the outermost first. */
  static async #runTest(
    t: Deno.TestContext,
    context: object,
    [suite, ...inner]: readonly Suite[],
    fn: TestFunction<AnyContext>,
  ): Promise<void> {
    if (!suite) return await fn.call(context, t);
    for (const hook of suite.#hooks.beforeEach) await hook.call(context);
    try {
      await Suite.#runTest(t, context, inner, fn);
    } finally {
      for (const hook of suite.#hooks.afterEach) await hook.call(context);
    }
  }

  /** Whether a step, or one inside it, is to run alone. */
  static isOnly({ suite, definition }: Step): boolean {
    return definition.only === true || (suite !== undefined && suite.#hasOnly());
  }
}

const { isOnly } = Suite;
