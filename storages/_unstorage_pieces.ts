import { sha256Hex } from "../digest.ts";
import { StorageError } from "../errors.ts";
import type { ItemCall, UnstorageItems } from "./_unstorage_items.ts";
import { pieceItem } from "./_unstorage_names.ts";
import type { UnstorageRecord } from "./_unstorage_record.ts";

/** How many items are asked for at once. */
const AT_ONCE = 8;

/** One piece of a large file, as its record tells of it. */
export interface Piece {
  /** The item that it lies in. */
  readonly item: string;
  /** Where in the file it begins. */
  readonly offset: number;
  /** How long it is. */
  readonly bytes: number;
  /** Its SHA-256. */
  readonly sha256: string;
}

/** Gives the pieces of a file; none where it lies in the record. */
export function piecesOf(record: UnstorageRecord, file: number): Piece[] {
  const { bytes = 0, pieces = [] } = record.files[file] ?? {};
  return pieces.map((sha256, n) => {
    const offset = n * record.piece;
    const size = Math.min(record.piece, bytes - offset);
    const item = pieceItem(record.key, record.generation, [file, n, size]);
    return { item, offset, bytes: size, sha256 };
  });
}

/** Gives the items of all pieces of an entry. */
export function itemsOf(record: UnstorageRecord): string[] {
  return record.files.flatMap((_, n) => piecesOf(record, n).map(({ item }) => item));
}

/**
 * Reads a piece; `undefined` where it is not there.
 *
 * @throws {StorageError} When it is not what was written.
 */
export async function readPiece(
  items: UnstorageItems,
  piece: Piece,
  call: ItemCall,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const given = await items.get(piece.item, call);
  if (!given) return undefined;
  const same = given.find((bytes) =>
    bytes.length === piece.bytes && sha256Hex(bytes) === piece.sha256
  );
  if (same) return same;
  throw new StorageError(
    `Cannot ${call.doing}: what lies in the storage ${items.place.title} as ${piece.item} is not what ` +
      "was written there; delete the entry, and save it again",
  );
}

/** Whether all items of an entry are there. */
export async function areThere(
  items: UnstorageItems,
  names: readonly string[],
  call: ItemCall,
): Promise<boolean> {
  let isWhole = true;
  await each(names, async (name) => {
    if (isWhole && !await items.has(name, call)) isWhole = false;
  });
  return isWhole;
}

/** Removes items as far as that can be done: nobody sees them any more. */
export async function clear(
  items: UnstorageItems,
  names: readonly string[],
  call: ItemCall,
): Promise<boolean> {
  let isClear = true;
  await each(names, async (name) => {
    try {
      await items.remove(name, call);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      isClear = false;
    }
  });
  return isClear;
}

/** Acts on each of many, a few at a time. After an error none is begun any more. */
export async function each<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const rest = all.values();
  const lanes = Array.from({ length: Math.min(AT_ONCE, all.length) }, async () => {
    for (const one of rest) {
      if (failures.length > 0) return;
      await act(one).catch((error) => failures.push(error));
    }
  });
  await Promise.all(lanes);
  if (failures.length > 0) throw failures[0];
}
