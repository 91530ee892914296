import { AssertionError } from "@std/assert";

/**
 * Asserts that two values are the same in everything that the structured format promises: types,
 * prototypes, `-0`, holes, the order of keys and entries, and which objects are one and the same.
 * Written apart from the codec, and stricter than `assertEquals`.
 */
export function assertSame(actual: unknown, expected: unknown): void {
  const partners = new Map<object, object>();
  const partnersBack = new Map<object, object>();
  const pending: [unknown, unknown, string][] = [[actual, expected, "value"]];
  while (pending.length > 0) {
    const [a, b, path] = pending.pop()!;
    if (!isObject(a) || !isObject(b)) {
      if (!Object.is(a, b)) differ(path, a, b);
      continue;
    }
    if (partners.has(a) || partnersBack.has(b)) {
      if (partners.get(a) !== b || partnersBack.get(b) !== a) differ(`${path} (identity)`, a, b);
      continue;
    }
    partners.set(a, b);
    partnersBack.set(b, a);
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) differ(`${path} (type)`, a, b);
    pending.push(...inside(a, path, b));
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function differ(path: string, a: unknown, b: unknown): never {
  throw new AssertionError(`${path}: got ${Deno.inspect(a)}, expected ${Deno.inspect(b)}`);
}

function inside(a: object, path: string, b: object): [unknown, unknown, string][] {
  const [parts, partsBack] = [partsOf(a), partsOf(b)];
  if (parts.length !== partsBack.length) differ(`${path} (size)`, a, b);
  return parts.map(([name, part], i) => {
    const [nameBack, partBack] = partsBack[i]!;
    if (name !== nameBack) differ(`${path} (order)`, name, nameBack);
    return [part, partBack, `${path}.${name}`];
  });
}

/** What an object consists of, by name and in order. */
function partsOf(object: object): [string, unknown][] {
  if (object instanceof Map) {
    return [...object].flatMap(([k, v], i) => [[`key ${i}`, k], [`entry ${i}`, v]]);
  }
  if (object instanceof Set) return [...object].map((member, i) => [`member ${i}`, member]);
  if (object instanceof Date) return [["time", object.getTime()]];
  if (object instanceof RegExp) return [["source", object.source], ["flags", object.flags]];
  if (object instanceof URL) return [["href", object.href]];
  if (object instanceof ArrayBuffer) return [["bytes", [...new Uint8Array(object)].join()]];
  if (ArrayBuffer.isView(object)) return viewParts(object);
  if (object instanceof DOMException) {
    return [["name", object.name], ["message", object.message], ["stack", object.stack]];
  }
  const length: [string, unknown][] = Array.isArray(object) ? [["length", object.length]] : [];
  const properties = Reflect.ownKeys(object).filter((key) => key !== "length" || !length.length);
  return [
    ...length,
    ...properties.map((key): [string, unknown] => [
      `${String(key)}${Object.prototype.propertyIsEnumerable.call(object, key) ? "" : " hidden"}`,
      (object as Record<PropertyKey, unknown>)[key],
    ]),
  ];
}

/** The buffer only counts where the view is of a part of it, or it may be shared. */
function viewParts(view: ArrayBufferView): [string, unknown][] {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const parts: [string, unknown][] = [["bytes", bytes.join()]];
  if (view.byteLength !== view.buffer.byteLength) {
    parts.push(["offset", view.byteOffset]);
  }
  parts.push(["buffer", view.buffer]);
  return parts;
}
