import { permissionFlags } from "../permissions.ts";

/** The text of a file, or why it cannot be had. */
export type ReadText = { readonly text: string } | { readonly problem: string };

/** A private key takes some 120 bytes, a public one 52: what is longer is neither. */
export interface KeyFileLimits {
  /** How many bytes the file may have. */
  readonly maxBytes: number;
  /** Whether it holds a secret, so that others should not be able to read it. */
  readonly kind: "secret" | "public";
}

const OTHERS = 0o077;

/** Reads a file of keys. What is no file (a pipe, a device, a directory) is not opened. */
export async function readKeyFile(
  path: string,
  { maxBytes, kind }: KeyFileLimits,
): Promise<ReadText> {
  try {
    const { isFile, size, mode } = await Deno.stat(path);
    if (!isFile) return { problem: `${path} is no file` };
    if (size > maxBytes) {
      return { problem: `${path} has ${size} bytes, and files of keys at most ${maxBytes}` };
    }
    const bytes = await Deno.readFile(path);
    if (kind === "secret" && mode !== null && (mode & OTHERS) !== 0) {
      const shown = (mode & 0o777).toString(8);
      console.warn(
        `The private key ${path} can be used by others (mode ${shown}); chmod 600 ends that`,
      );
    }
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    return { problem: problemOf(path, error) };
  }
}

function problemOf(path: string, error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return `there is no file ${path}`;
  if (error instanceof Deno.errors.NotCapable) {
    const [flag] = permissionFlags({ read: [path] });
    return `no permission to read ${path}; run with ${flag}`;
  }
  if (error instanceof TypeError) return `${path} is no text`;
  return `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
