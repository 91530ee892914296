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

/**
 * How far back zstd may have to look, as a power of two: a frame may ask for 128 MiB. Those that we
 * write ask for 2 MiB, and those of its strongest usual level for 8.
 */
const FURTHEST = 23;

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
  const options = {
    maxOutputLength: mostOf(bytes, limit),
    params: how === "zstd" ? { [zlib.constants.ZSTD_d_windowLogMax]: FURTHEST } : undefined,
  };
  const { ZSTD_e_end, Z_FINISH } = zlib.constants;
  const [engine, end] = how === "zstd"
    ? [zlib.createZstdDecompress(options), ZSTD_e_end]
    : [zlib.createGunzip(options), Z_FINISH];
  // The functions for whole buffers will not do: of a document that they refuse, the synchronous ones
  // keep memory until the next large garbage collection, and the others throw where nobody can catch it.
  engine.on("error", () => {});
  try {
    return (engine as unknown as SyncEngine)._processChunk(bytes, end);
  } finally {
    engine.close();
  }
}

/** What the synchronous functions of `node:zlib` are made of. */
interface SyncEngine {
  _processChunk(bytes: Uint8Array, flag: number): Uint8Array;
}
