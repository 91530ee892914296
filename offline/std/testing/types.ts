/**
 * Stands in for `jsr:@std/testing/types` where JSR is out of reach: claims about types, checked by
 * the compiler.
 *
 * @module
 */

/** Compiles only if the claim, given as the type argument, is what is passed. */
export function assertType<T extends boolean>(_expectTrue: T): void {}

/** Compiles only if the claim is true. */
export type AssertTrue<T extends true> = T extends true ? never : never;

/** Compiles only if the claim is false. */
export type AssertFalse<T extends false> = T extends false ? never : never;

/** Compiles only if the claim is as expected. */
export type Assert<T extends boolean, Expected extends T> = Expected extends T ? never : never;

/** Whether `U` is one of the types that `T` is a union of. */
export type Has<T, U> = IsAny<T> extends true ? true
  : IsAny<U> extends true ? false
  : IsNever<Extract<T, U>> extends true ? false
  : true;

/** Whether `U` is none of the types that `T` is a union of. */
export type NotHas<T, U> = Has<T, U> extends true ? false : true;

/** Whether `T` may be `null` or `undefined`. */
export type IsNullable<T> = IsNever<Extract<T, null | undefined>> extends true ? false : true;

/** Whether the two are one and the same type, at every depth. */
export type IsExact<T, U> = (<X>() => X extends Flat<T> ? 1 : 2) extends
  (<X>() => X extends Flat<U> ? 1 : 2) ? true : false;

/** Whether `T` is `any`. */
export type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether `T` is `never`. */
export type IsNever<T> = [T] extends [never] ? true : false;

/** Whether `T` is `unknown`. */
export type IsUnknown<T> = IsAny<T> extends true ? false : unknown extends T ? true : false;

/** Intersections of plain objects as the objects they amount to. */
type Flat<T> = IsAny<T> extends true ? T
  : T extends Record<PropertyKey, unknown> ? { [K in keyof T]: Flat<T[K]> }
  : T;
