/**
 * Values and paths in words, for messages.
 *
 * @module
 */

/** Writes a path as in code: `params.grid[3].model`. */
export function showPath(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const name = String(step);
    return /^[A-Za-z_$][\w$]*$/.test(name) ? `${text}.${name}` : `${text}[${JSON.stringify(name)}]`;
  }, root);
}

/** Says in a few words what a value is: `class Forest`, `a function`, `"text"`. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "function":
      return /^class\b/.test(Function.prototype.toString.call(value))
        ? `the class ${value.name || "(anonymous)"}`
        : `the function ${value.name || "(anonymous)"}`;
    case "symbol":
      return `a symbol (${String(value)})`;
    case "string":
      return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}…` : JSON.stringify(value);
    case "object": {
      if (Array.isArray(value) && Array.isArray(Object.getPrototypeOf(value))) return "an array";
      if (isPlainObject(value)) return "an object";
      const name = value.constructor?.name;
      return typeof name === "string" && name !== "Object" && name !== ""
        ? `an instance of class ${name}`
        : "an object with a prototype of its own";
    }
    default:
      return String(value);
  }
}

/** Whether a value is an object as `{}` makes them (of any realm), or without prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf"));
}

/** Sets an own property; `object["__proto__"] = value` would set the prototype instead. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else object[key] = value;
}
