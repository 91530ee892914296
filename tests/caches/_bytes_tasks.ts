import { task } from "@labtech/lab";

/** Gives bytes of each kind that the cache "bytes" holds. */
export const Kinds = task(import.meta, {
  name: "BytesKinds",
  cache: "bytes",
  run: ({ kind }: { kind: string }) => {
    if (kind === "text") return kind;
    const bytes = new TextEncoder().encode(kind);
    return kind === "bytes" ? bytes : ReadableStream.from([bytes, bytes]);
  },
});
