/** How the bytes of a result may be compressed. */
export type Compression = "zstd" | "gzip";

/** What a file name ends with when its bytes are compressed. */
export const EXTENSIONS: Readonly<Record<Compression, string>> = { zstd: ".zst", gzip: ".gz" };

/** Compresses bytes. */
export async function compress(bytes: Uint8Array, how: Compression): Promise<Uint8Array> {
  const zlib = await import("node:zlib");
  return how === "zstd" ? zlib.zstdCompressSync(bytes) : zlib.gzipSync(bytes);
}

/** How often the size of a file more may come out of it, unless that is little anyway. */
const MOST_TIMES = 250;
/** What may come out of any file, in bytes. */
const LITTLE = 16 * 2 ** 20;

/** How many bytes may come out of compressed ones: so that a small file cannot fill the memory. */
export function mostOf(packed: Uint8Array, limit: number): number {
  return Math.min(limit, Math.max(LITTLE, MOST_TIMES * packed.length));
}

/**
 * Takes compression back.
 *
 * @param limit How many bytes may come out of a large file; see {@linkcode mostOf} for others.
 * @throws {RangeError} When more bytes would come out.
 */
export async function decompress(
  bytes: Uint8Array,
  how: Compression,
  limit: number,
): Promise<Uint8Array> {
  const zlib = await import("node:zlib");
  const options = { maxOutputLength: mostOf(bytes, limit) };
  return how === "zstd" ? zlib.zstdDecompressSync(bytes, options) : zlib.gunzipSync(bytes, options);
}
