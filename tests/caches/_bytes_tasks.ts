import { type Task, task } from "@labtech/lab";

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

/** Reads the stream of another task. */
export const ReadStream = task(import.meta, {
  name: "BytesReadStream",
  run: async ({ stream, reader }: { stream: Task<unknown>; reader: number }) =>
    `${reader}: ${await new Response(stream.result as ReadableStream).text()}`,
});
