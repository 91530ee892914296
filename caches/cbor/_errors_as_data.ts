/** Errors of the language, as names and properties: how they are taken apart and put together. */

/** The properties of an error that the language makes itself, and that are not enumerable. */
const STANDARD: ReadonlySet<string> = new Set(["stack", "message", "cause", "errors"]);

const CONSTRUCTORS: readonly ErrorConstructor[] = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];

const nameByPrototype = new Map<object, string>([
  ...CONSTRUCTORS.map((constructor) => [constructor.prototype, constructor.name] as const),
  [AggregateError.prototype, "AggregateError"],
  [DOMException.prototype, "DOMException"],
]);

const makers = new Map<string, () => Error>([
  ...CONSTRUCTORS.map((constructor) => [constructor.name, () => new constructor()] as const),
  ["AggregateError", () => new AggregateError([])],
]);

/** Says which error of the language a prototype belongs to. */
export function errorName(prototype: object): string | undefined {
  return nameByPrototype.get(prototype);
}

/** The own properties of an error, or what forbids to write it. */
export type ErrorParts =
  | { readonly keys: string[]; readonly values: unknown[] }
  | { readonly refused: string };

/** Takes an error apart. */
export function errorParts(error: object, name: string): ErrorParts {
  if (name === "DOMException") return domExceptionParts(error as DOMException);
  const symbol = Object.getOwnPropertySymbols(error)[0];
  if (symbol !== undefined) return { refused: `has a property ${String(symbol)}` };
  const keys = Object.getOwnPropertyNames(error);
  const values: unknown[] = [];
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(error, key)!;
    if (property.enumerable === STANDARD.has(key)) {
      return { refused: `has a property "${key}" that is not as errors have it` };
    }
    // V8 makes the stack when it is asked for, by an accessor; nothing else may be one.
    const accessor = property.get !== undefined || property.set !== undefined;
    if (accessor && key !== "stack") return { refused: `has an accessor property "${key}"` };
    const value: unknown = accessor ? (error as Error).stack : property.value;
    if (key === "stack" && typeof value !== "string") {
      return { refused: `has a stack that is no string` };
    }
    values.push(value);
  }
  return { keys, values };
}

/** The symbols that the runtime itself puts on each `DOMException`. */
let ownSymbols: ReadonlySet<PropertyKey> | undefined;

function domExceptionParts(error: DOMException): ErrorParts {
  ownSymbols ??= new Set(Reflect.ownKeys(new DOMException()));
  const extra = Reflect.ownKeys(error).find((key) => !ownSymbols!.has(key));
  if (extra !== undefined) return { refused: `has a property ${String(extra)}` };
  const values = [error.message, error.name, error.stack];
  return { keys: ["message", "name", "stack"], values };
}

/**
 * Makes an empty error of the language, whose properties follow; `undefined` where there is no
 * such error. A `DOMException` is not made here: its message and name are only taken at birth.
 */
export function makeError(name: string): Error | undefined {
  const error = makers.get(name)?.();
  if (error === undefined) return undefined;
  delete error.stack;
  if (name === "AggregateError") delete (error as Partial<AggregateError>).errors;
  return error;
}

/** Gives an error one of its properties back. */
export function setErrorProperty(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    enumerable: !STANDARD.has(key),
    writable: true,
    configurable: true,
  });
}

/** Makes a `DOMException` of its properties; `undefined` where they are not what it has. */
export function makeDomException(parts: Record<string, unknown>): DOMException | undefined {
  const { message, name, stack } = parts;
  if (typeof message !== "string" || typeof name !== "string" || typeof stack !== "string") {
    return undefined;
  }
  if (Object.keys(parts).join() !== "message,name,stack") return undefined;
  const error = new DOMException(message, name);
  Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
  return error;
}
