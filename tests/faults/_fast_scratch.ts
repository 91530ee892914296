/** Gives an empty directory that is removed at the end of the block; in memory where there is that. */
export function fastScratch(): Disposable & { readonly dir: string } {
  const dir = Deno.makeTempDirSync({ dir: memoryDirectory(), prefix: "faults-" });
  return {
    dir,
    [Symbol.dispose]: () => Deno.removeSync(dir, { recursive: true }),
  };
}

function memoryDirectory(): string | undefined {
  try {
    return Deno.statSync("/dev/shm").isDirectory ? "/dev/shm" : undefined;
  } catch {
    return undefined;
  }
}
