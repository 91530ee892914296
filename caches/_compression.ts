/** How the bytes of a result may be compressed. */
export type Compression = "zstd" | "gzip";

/** What a file name ends with when its bytes are compressed. */
export const EXTENSIONS: Readonly<Record<Compression, string>> = { zstd: ".zst", gzip: ".gz" };

/** Compresses bytes. */
export async function compress(bytes: Uint8Array, how: Compression): Promise<Uint8Array> {
  const zlib = await import("node:zlib");
  return how === "zstd" ? zlib.zstdCompressSync(bytes) : zlib.gzipSync(bytes);
}

/**
 * Takes compression back.
 *
 * @param limit How many bytes may come out; so a small file cannot fill the memory.
 * @throws {RangeError} When more than `limit` bytes would come out.
 */
export async function decompress(
  bytes: Uint8Array,
  how: Compression,
  limit: number,
): Promise<Uint8Array> {
  const zlib = await import("node:zlib");
  const options = { maxOutputLength: limit };
  return how === "zstd" ? zlib.zstdDecompressSync(bytes, options) : zlib.gunzipSync(bytes, options);
}
