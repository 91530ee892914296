/** Gives an empty directory that is removed at the end of the block. */
export async function scratch(
  parent?: string,
): Promise<AsyncDisposable & { readonly dir: string; path(name: string): string }> {
  const dir = await Deno.realPath(await Deno.makeTempDir({ dir: parent }));
  return {
    dir,
    path: (name) => `${dir}/${name}`,
    async [Symbol.asyncDispose]() {
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** The lines of a file; none when it is not there. */
export function linesOf(path: string): string[] {
  try {
    return Deno.readTextFileSync(path).split("\n").slice(0, -1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Registers a test that needs more than files; without the permission it says so and is skipped. */
export function testWith(
  permission: "run" | "env",
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): void {
  const granted = Deno.permissions.querySync({ name: permission }).state === "granted";
  Deno.test({
    name: granted ? name : `${name} (skipped: it needs --allow-${permission})`,
    ignore: !granted,
    fn,
  });
}
