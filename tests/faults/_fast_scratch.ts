import { statfsSync } from "node:fs";

/** How much of the memory must be free, in bytes: containers often have 64 MiB, which one bomb fills. */
const ROOM = 512 * 2 ** 20;

/** Gives an empty directory that is removed at the end of the block; in memory where there is room. */
export function fastScratch(): Disposable & { readonly dir: string } {
  const dir = Deno.makeTempDirSync({ dir: memoryDirectory(), prefix: "faults-" });
  return {
    dir,
    [Symbol.dispose]: () => Deno.removeSync(dir, { recursive: true }),
  };
}

function memoryDirectory(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize >= ROOM ? "/dev/shm" : undefined;
  } catch {
    return undefined;
  }
}
