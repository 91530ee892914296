import { task } from "../../mod.ts";

/** Goes on until a file is there. */
export const UsageTask = task(import.meta, {
  name: "UsageTask",
  async run({ file }: { file: string }) {
    while (!await exists(file)) await new Promise((resolve) => setTimeout(resolve, 20));
    return true;
  },
});

async function exists(file: string): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}
