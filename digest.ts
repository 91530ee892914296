import { builtin } from "./builtin.ts";

type Crypto = typeof import("node:crypto");

let loaded: Crypto | undefined;

// Ids are made at once, which leaves out what can only be awaited.
function crypto(): Crypto {
  return loaded ??= builtin<Crypto>("node:crypto");
}

/** The SHA-256 of bytes, or of a text's UTF-8, as 64 hex digits. */
export function sha256Hex(data: Uint8Array | string): string {
  return crypto().hash("sha256", data, "hex");
}

/** A SHA-256 that is fed piece by piece. */
export class Sha256 {
  readonly #hash = crypto().createHash("sha256");

  /** Takes in the next piece. */
  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }

  /** Gives the digest as 64 hex digits; nothing can be taken in after that. */
  hex(): string {
    return this.#hash.digest("hex");
  }
}
