/**
 * Stands in for `jsr:@std/testing/bdd` where JSR is out of reach: suites of tests with hooks, on
 * `Deno.test` and its steps. Only the forms that take a name and a function, or one object, are here.
 *
 * @module
 */

import { Suite } from "./_suite.ts";
import type { Hook, TestFunction } from "./_suite.ts";

/** What may be said of a test or a suite besides its name and function. */
export interface TestOptions {
  /** Whether it is left out. */
  ignore?: boolean;
  /** Whether all others are left out. */
  only?: boolean;
  /** Whether the test must not exit the process. Default: true. */
  sanitizeExit?: boolean;
  /** Whether the test must wait for all it started. Default: as Deno's. */
  sanitizeOps?: boolean;
  /** Whether the test must close all it opened. Default: as Deno's. */
  sanitizeResources?: boolean;
}

/** A test in one object. */
export interface ItDefinition<T> extends TestOptions {
  /** What is promised. */
  name: string;
  /** Throws if the promise is broken. */
  fn: TestFunction<T>;
}

/** A suite in one object. */
export interface DescribeDefinition<T> extends TestOptions {
  /** What is described. */
  name: string;
  /** Registers the tests. */
  fn?: () => void | undefined;
  /** Runs before the first test. */
  beforeAll?: Hook<T> | Hook<T>[];
  /** Runs after the last test. */
  afterAll?: Hook<T> | Hook<T>[];
  /** Runs before every test. */
  beforeEach?: Hook<T> | Hook<T>[];
  /** Runs after every test. */
  afterEach?: Hook<T> | Hook<T>[];
}

/** The forms of {@linkcode it}. */
export type ItArgs<T> =
  | [options: ItDefinition<T>]
  | [name: string, fn: TestFunction<T>]
  | [name: string, options: Omit<ItDefinition<T>, "fn" | "name">, fn: TestFunction<T>];

/** The forms of {@linkcode describe}. */
export type DescribeArgs<T> =
  | [options: DescribeDefinition<T>]
  | [name: string, fn: () => void | undefined]
  | [name: string, options: Omit<DescribeDefinition<T>, "fn" | "name">, fn: () => void | undefined];

function define<D>(args: readonly unknown[]): D {
  const [first, second, third] = args;
  if (typeof first !== "string") return first as D;
  if (third === undefined) return { name: first, fn: second } as D;
  return { ...second as object, name: first, fn: third } as D;
}

/** Registers a test, in the suite being described or by itself. */
export function it<T>(...args: ItArgs<T>): void {
  Suite.addTest(define<ItDefinition<T>>(args));
}

it.only = function only<T>(...args: ItArgs<T>): void {
  it({ ...define<ItDefinition<T>>(args), only: true });
};

it.ignore = function ignore<T>(...args: ItArgs<T>): void {
  it({ ...define<ItDefinition<T>>(args), ignore: true });
};

it.skip = it.ignore;

/** Registers a suite; the tests and hooks that `fn` registers are its own. */
export function describe<T>(...args: DescribeArgs<T>): void {
  Suite.addSuite(define<DescribeDefinition<T>>(args));
}

describe.only = function only<T>(...args: DescribeArgs<T>): void {
  describe({ ...define<DescribeDefinition<T>>(args), only: true });
};

describe.ignore = function ignore<T>(...args: DescribeArgs<T>): void {
  describe({ ...define<DescribeDefinition<T>>(args), ignore: true });
};

describe.skip = describe.ignore;

/** Runs once before the first test of the suite. */
export function beforeAll<T>(fn: Hook<T>): void {
  Suite.addHook("beforeAll", fn);
}

/** Runs once after the last test of the suite. */
export function afterAll<T>(fn: Hook<T>): void {
  Suite.addHook("afterAll", fn);
}

/** Runs before every test of the suite and of the suites in it. */
export function beforeEach<T>(fn: Hook<T>): void {
  Suite.addHook("beforeEach", fn);
}

/** Runs after every test of the suite and of the suites in it. */
export function afterEach<T>(fn: Hook<T>): void {
  Suite.addHook("afterEach", fn);
}
