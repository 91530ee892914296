import { SerializationError } from "../../errors.ts";

/** Any typed array, or a `DataView`. */
export interface View {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** One kind of view of a buffer. */
export interface ViewKind {
  /** Its tag in RFC 8746; 64 stands for `Uint8Array`, 0 for `DataView`. */
  readonly tag: number;
  /** Its name in messages. */
  readonly name: string;
  /** Bytes of one element. */
  readonly size: number;
  /** Makes a view; `length` counts elements. */
  readonly make: (buffer: ArrayBufferLike, byteOffset: number, length: number) => View;
  /** What its instances inherit from. */
  readonly prototype: object;
}

type ViewConstructor = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => View;

function kind(tag: number, size: number, constructor: ViewConstructor): ViewKind {
  return {
    tag,
    size,
    name: constructor.name,
    make: (buffer, byteOffset, length) => new constructor(buffer, byteOffset, length),
    prototype: constructor.prototype,
  };
}

/** `Uint8Array` alone is a plain byte string; its tag only stands in views of shared buffers. */
export const UINT8 = kind(64, 1, Uint8Array);
/** `DataView` has no tag in RFC 8746. */
export const DATA_VIEW = kind(0, 1, DataView);

const KINDS: readonly ViewKind[] = [
  UINT8,
  DATA_VIEW,
  kind(68, 1, Uint8ClampedArray),
  kind(69, 2, Uint16Array),
  kind(70, 4, Uint32Array),
  kind(71, 8, BigUint64Array),
  kind(72, 1, Int8Array),
  kind(77, 2, Int16Array),
  kind(78, 4, Int32Array),
  kind(79, 8, BigInt64Array),
  kind(84, 2, Float16Array),
  kind(85, 4, Float32Array),
  kind(86, 8, Float64Array),
];

const byPrototype = new Map(KINDS.map((kind) => [kind.prototype, kind]));
const byTag = new Map(KINDS.map((kind) => [kind.tag, kind]));

/** Finds the kind of a view by its prototype. */
export function viewKindOf(prototype: object): ViewKind | undefined {
  return byPrototype.get(prototype);
}

/** Finds the kind of a view by its tag. */
export function viewKindByTag(tag: number): ViewKind | undefined {
  return byTag.get(tag);
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Elements are stored lowest byte first. Deno runs on no machine that has them otherwise; there,
 * refusing is better than turning every number around.
 */
export function needLittleEndian(kind: ViewKind): void {
  if (littleEndian || kind.size === 1) return;
  throw new SerializationError(
    `${kind.name} cannot be written or read on a machine that stores the highest byte first`,
  );
}
