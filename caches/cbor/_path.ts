/** A container that is being written: where the writer stands in it. */
export interface Frame {
  /** How its items are told apart. */
  kind: FrameKind;
  /** The container itself, e.g. the object or the instance of a class. */
  container: object;
  /** The keys of an object's or error's properties, in order. */
  keys: readonly string[];
  /** What is written, in order; of a map each key and its value. */
  values: readonly unknown[];
  /** How many of the keys or values have been begun. */
  index: number;
}

/** An object with keys; its values are read when they are written. */
export const OBJECT_FRAME = 0;
/** An array, perhaps with holes. */
export const ARRAY_FRAME = 1;
/** A map: keys and values by turns. */
export const MAP_FRAME = 2;
/** A set. */
export const SET_FRAME = 3;
/** An error: `keys` and `values` of its properties. */
export const ERROR_FRAME = 4;
/** An instance of a class: one value, its data. */
export const CLASS_FRAME = 5;
/** An array with holes: `values` holds runs of them as `Holes`. */
export const SPARSE_FRAME = 6;

/** The kinds of frames. */
export type FrameKind = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** A run of holes among the values of a sparse array. */
export class Holes {
  constructor(readonly count: number) {}
}

/** Says where the writer stands, e.g. `value.models[2]["a b"]`. */
export function pathOf(root: string, frames: readonly Frame[]): string {
  const segments = frames.map(segment);
  if (segments.length > 40) segments.splice(30, segments.length - 40, "…");
  return root + segments.join("");
}

function segment(frame: Frame): string {
  const at = frame.index - 1;
  switch (frame.kind) {
    case OBJECT_FRAME:
    case ERROR_FRAME:
      return property(frame.keys[at]!);
    case ARRAY_FRAME:
      return `[${at}]`;
    case SPARSE_FRAME:
      return `[${sparseIndex(frame.values, at)}]`;
    case MAP_FRAME:
      return at % 2 === 0 ? `.keys()[${at / 2}]` : entry(frame.values[at - 1], (at - 1) / 2);
    case SET_FRAME:
      return `.values()[${at}]`;
    case CLASS_FRAME:
      return `<${frame.container.constructor?.name ?? "class"}>`;
  }
}

/** Writes a property as it stands in a program. */
export function property(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(short(key))}]`;
}

function entry(key: unknown, index: number): string {
  if (typeof key === "string") return `.get(${JSON.stringify(short(key))})`;
  if (typeof key === "object" || typeof key === "bigint") return `.values()[${index}]`;
  return `.get(${String(key)})`;
}

function sparseIndex(values: readonly unknown[], at: number): number {
  let index = 0;
  for (const value of values.slice(0, at)) index += value instanceof Holes ? value.count : 1;
  return index;
}

function short(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
