import { task } from "@labtech/lab";
import { type Birds, parsePenguins } from "../penguins.ts";

/** The penguins' measurements, from this file. */
export const PENGUINS: URL = new URL("../data/penguins.csv", import.meta.url);

/** The SHA-256 of bytes, as 64 hex digits. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/**
 * Reads the birds. The file's digest is the param, not its path: when the file changes, this is
 * another task, and what was computed from the old file is not taken for the new.
 */
export const LoadPenguins = task(import.meta, {
  name: "LoadPenguins",
  async run({ sha256 }: { sha256: string }, { log, signal }): Promise<Birds> {
    const bytes = await Deno.readFile(PENGUINS, { signal });
    const found = await digest(bytes);
    if (found !== sha256) {
      throw new Error(`Expected penguins.csv to have the SHA-256 ${sha256}, got ${found}`);
    }
    const birds = parsePenguins(new TextDecoder().decode(bytes));
    log.info(`${birds.rows.length} birds; ${birds.leftOut} without measurements are left out`);
    return birds;
  },
});
