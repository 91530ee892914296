/** Tasks whose results the tests sign, one type for each cache. */
import { type Task, task } from "@labtech/lab";
import { note } from "./trace.ts";

const CACHES = ["structured", "json", "bytes", "v8"] as const;

/** Gives a text, by each cache. */
export const TEXTS = Object.fromEntries(CACHES.map((cache) => [
  cache,
  task(import.meta, {
    name: `Signed_${cache}`,
    cache,
    run({ n }: { n: number }, { context }) {
      note(context, `${cache} ${n}`);
      return `${cache} ${n}`;
    },
  }),
]));

/** Joins other tasks' texts. */
export const Joined = task(import.meta, {
  name: "SignedJoined",
  run({ of }: { of: Task<string>[] }, { context }) {
    note(context, "joined");
    return of.map(({ result }) => result).join(", ");
  },
});

/** Gives a stream. */
export const Streamed = task(import.meta, {
  name: "SignedStreamed",
  cache: "bytes",
  run: ({ text }: { text: string }) => ReadableStream.from([new TextEncoder().encode(text)]),
});

/** Reads another task's stream. */
export const ReadBack = task(import.meta, {
  name: "SignedReadBack",
  run: async ({ of }: { of: Task<unknown> }) =>
    await new Response(of.result as ReadableStream).text(),
});
