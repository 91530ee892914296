const encoder = new TextEncoder();
const known = new WeakSet<Uint8Array>();

/** Writes a value as JSON that a person can read, in UTF-8. */
export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(JSON.stringify(value, null, 1));
  known.add(bytes);
  return bytes;
}

/** Whether bytes are what {@linkcode encodeJson} gave, so that nobody need parse them to be sure that they are JSON. */
export function isEncodedJson(bytes: Uint8Array): boolean {
  return known.has(bytes);
}
