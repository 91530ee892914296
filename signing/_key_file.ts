import { permissionFlags } from "../permissions.ts";

/** The text of a file, or why it cannot be had. */
export type ReadText =
  | { readonly text: string; readonly exposure: string | undefined }
  | { readonly problem: string };

/** How many bytes a file of a private key, and one of public keys, may have: they take 119 and 53 a key. */
export const MOST_BYTES = { private: 10_000, public: 1_000_000 } as const;

const OTHERS = 0o077;

/**
 * Reads a file of keys. What is no file (a pipe, a device, a directory) is not opened. `exposure` says
 * that others may use it too, which matters where it is a private key.
 */
export async function readKeyFile(path: string, maxBytes: number): Promise<ReadText> {
  try {
    const { isFile, size, mode } = await Deno.stat(path);
    if (!isFile) return { problem: `${path} is no file` };
    if (size > maxBytes) {
      return { problem: `${path} has ${size} bytes, and files of keys at most ${maxBytes}` };
    }
    const bytes = await Deno.readFile(path);
    const exposure = mode !== null && (mode & OTHERS) !== 0
      ? `The private key ${path} can be used by others (mode ${(mode & 0o777).toString(8)}); ` +
        `chmod 600 ends that`
      : undefined;
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), exposure };
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
