import { isProxy } from "node:util/types";

export { isProxy };

const { getOwnPropertyNames, getOwnPropertySymbols } = Object;

/**
 * Up to here the own names of an array are counted one by one; above it one look by `Deno.inspect`
 * is cheaper, as its cost does not grow with the array.
 */
const COUNTED = 384;

/**
 * Finds an own property of an array besides its elements, which the format has no place for.
 * `elements` is the count of elements that are there: holes are not.
 */
export function extraOfArray(list: unknown[], elements: number): string | symbol | undefined {
  if (elements > COUNTED && typeof Deno === "object") {
    const length = list.length;
    const shown = Deno.inspect(list, { iterableLimit: 0, depth: 0, showHidden: true });
    if (shown === `[ ... ${length} more items, [length]: ${length} ]`) return undefined;
  }
  const keys = Reflect.ownKeys(list);
  if (keys.length === elements + 1) return undefined;
  return keys.slice(elements).find((key) => key !== "length");
}

/**
 * Finds an own property of a typed array besides its elements. For a large one those that are not
 * enumerable are not looked for: showing them costs more than copying 100 KB.
 */
export function extraOfTypedArray(
  list: object,
  name: string,
  length: number,
): string | symbol | undefined {
  const symbols = getOwnPropertySymbols(list);
  if (symbols.length > 0) return symbols[0];
  if (length > COUNTED && typeof Deno === "object") {
    const shown = Deno.inspect(list, { iterableLimit: 0, depth: 0 });
    if (shown === `${name}(${length}) [ ... ${length} more items ]`) return undefined;
  }
  const names = getOwnPropertyNames(list);
  return names.length === length ? undefined : names[length];
}

/** Finds an own property of an object that should have none, e.g. a `Map`. */
export function anyProperty(object: object): string | symbol | undefined {
  const names = getOwnPropertyNames(object);
  if (names.length > 0) return names[0];
  return getOwnPropertySymbols(object)[0];
}
