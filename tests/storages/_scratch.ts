/** Gives an empty directory that is removed at the end of the block. */
export async function scratch(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  return {
    dir,
    async [Symbol.asyncDispose]() {
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** Registers a test that starts other programs; without the permission it says so and is skipped. */
export function testWithRun(name: string, fn: () => Promise<void>): void {
  const granted = Deno.permissions.querySync({ name: "run" }).state === "granted";
  Deno.test({
    name: granted ? name : `${name} (skipped: it needs --allow-run)`,
    ignore: !granted,
    fn,
  });
}

/** Gives all that lies in a directory: path to what it is, with its content, size and time. */
export function treeOf(dir: string): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const { name } of Deno.readDirSync(dir)) {
    const path = `${dir}/${name}`;
    const info = Deno.lstatSync(path);
    const kind = info.isSymlink
      ? `link to ${Deno.readLinkSync(path)}`
      : info.isDirectory
      ? "folder"
      : info.isFile
      ? Deno.readTextFileSync(path)
      : "special";
    tree[name] = `${kind} ${info.ino} ${info.mtime?.getTime()}`;
    if (info.isDirectory) {
      for (const [inner, what] of Object.entries(treeOf(path))) tree[`${name}/${inner}`] = what;
    }
  }
  return tree;
}
