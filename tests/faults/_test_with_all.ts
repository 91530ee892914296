/**
 * Registers a test of very many file calls. They take three times as long where Deno has to look at each
 * path, so without `--allow-all` it says so and is skipped.
 */
export function testWithAll(name: string, fn: () => Promise<void>): void {
  const granted = Deno.permissions.querySync({ name: "run" }).state === "granted";
  Deno.test({
    name: granted ? name : `${name} (skipped: it is slow without --allow-all)`,
    ignore: !granted,
    fn,
  });
}
