/**
 * Stands in for `jsr:@std/testing/mock` where JSR is out of reach: functions that remember how they
 * were called. Only `spy`, `stub` and the two assertions in use are here.
 *
 * @module
 */

import { assertEquals, AssertionError } from "@std/assert";

// deno-lint-ignore no-explicit-any
type Any = any;

/** A function was spied on or restored in a way that cannot be. */
export class MockError extends Error {
  /** Makes the error from its text. */
  constructor(message: string) {
    super(message);
    this.name = "MockError";
  }
}

/** One call of a spy. */
export interface SpyCall<Self = Any, Args extends unknown[] = Any[], Return = Any> {
  /** What it was called with. */
  args: Args;
  /** What it returned. */
  returned?: Return;
  /** What it threw. */
  error?: Error;
  /** What it was called on. */
  self?: Self;
}

/** A function that remembers its calls. */
export interface Spy<Self = Any, Args extends unknown[] = Any[], Return = Any> {
  (this: Self, ...args: Args): Return;
  /** The function behind it. */
  original: (this: Self, ...args: Args) => Return;
  /** Its calls that have ended, in their order. */
  calls: SpyCall<Self, Args, Return>[];
  /** Whether the method it took the place of is back. */
  restored: boolean;
  /** Puts the method back. */
  restore(): void;
}

/** A spy in the place of a method. */
export interface MethodSpy<Self = Any, Args extends unknown[] = Any[], Return = Any>
  extends Spy<Self, Args, Return>, Disposable {}

/** A method that does something else for a while. */
export interface Stub<Self = Any, Args extends unknown[] = Any[], Return = Any>
  extends MethodSpy<Self, Args, Return> {
  /** What it does instead. */
  fake: (this: Self, ...args: Args) => Return;
}

/** What a method takes. */
export type GetParametersFromProp<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: infer Args) => unknown ? Args : unknown[];

/** What a method returns. */
export type GetReturnFromProp<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: Any[]) => infer Return ? Return : unknown;

/** Makes a function that does nothing but remember. */
export function spy<Self = Any, Args extends unknown[] = Any[], Return = undefined>(): Spy<
  Self,
  Args,
  Return
>;
/** Makes a function that remembers what it hands on to `func`. */
export function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
/** Remembers the calls of a method until it is restored. */
export function spy<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): MethodSpy<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;
export function spy(target: Any = () => {}, property?: PropertyKey): Any {
  if (property !== undefined) return replaceMethod(target, property, undefined);
  const restore = () => {
    throw new MockError("Cannot restore: function cannot be restored");
  };
  return remember(target, target, { restored: false, restore });
}

/** Lets a method do nothing, or what `func` does, until it is restored. */
export function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  func?: (
    this: Self,
    ...args: GetParametersFromProp<Self, Prop>
  ) => GetReturnFromProp<Self, Prop>,
): Stub<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>> {
  const fake = func ?? (() => {});
  return Object.assign(replaceMethod(self, property, fake as Any), { fake }) as Any;
}

function replaceMethod(
  self: Any,
  property: PropertyKey,
  fake: ((...args: Any[]) => Any) | undefined,
): Spy {
  const original = self[property];
  if (typeof original !== "function") {
    throw new MockError("Cannot replace: property is not an instance method");
  }
  if ("calls" in original) throw new MockError("Cannot replace: already spying on instance method");
  const descriptor = Object.getOwnPropertyDescriptor(self, property);
  const mock = remember(fake ?? original, original, {
    restored: false,
    restore() {
      if (mock.restored) throw new MockError("Cannot restore: instance method already restored");
      if (descriptor) Object.defineProperty(self, property, descriptor);
      else delete self[property];
      mock.restored = true;
    },
    [Symbol.dispose]() {
      mock.restore();
    },
  });
  const { enumerable = false, writable = false } = descriptor ?? {};
  Object.defineProperty(self, property, { value: mock, enumerable, writable, configurable: true });
  return mock;
}

function remember(
  act: (...args: Any[]) => Any,
  original: (...args: Any[]) => Any,
  members: object,
): Spy {
  const calls: SpyCall[] = [];
  function mock(this: unknown, ...args: Any[]): Any {
    const call: SpyCall = { args };
    if (this) call.self = this;
    try {
      call.returned = act.apply(this, args);
      return call.returned;
    } catch (error) {
      call.error = error as Error;
      throw error;
    } finally {
      calls.push(call);
    }
  }
  return Object.assign(mock, { original, calls }, members) as Spy;
}

/** Holds if the spy was called that many times. */
export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void {
  if (spy.calls.length === expectedCalls) return;
  throw new AssertionError(
    `Spy not called as much as expected: ${spy.calls.length} instead of ${expectedCalls} times`,
  );
}

/** Holds if the call with this number, from 0, had these arguments. */
export function assertSpyCallArgs<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected: Args,
): void {
  const call = spy.calls[callIndex];
  if (!call) throw new AssertionError(`Spy was not called ${callIndex + 1} times`);
  assertEquals(call.args, expected);
}
