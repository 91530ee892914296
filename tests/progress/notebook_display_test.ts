import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { NotebookDisplay } from "../../progress/_notebook_display.ts";
import type { RunEvent } from "../../progress/events.ts";
import { label, logged, middleOfAStudy, planned, ran, START, started } from "./_events.ts";

/** What a notebook was sent. */
interface Message {
  readonly kind: string;
  readonly content: {
    readonly data?: Readonly<Record<string, string>>;
    readonly transient?: { readonly display_id: string };
    readonly text?: string;
  };
}

/** Shows events in a notebook that notes what it is sent. */
async function shown(
  events: Iterable<RunEvent>,
  { shows = "progress", fails = false }: { shows?: "progress" | "logs"; fails?: boolean } = {},
): Promise<Message[]> {
  const messages: Message[] = [];
  const notebook = {
    broadcast(kind: string, content: Message["content"]): Promise<void> {
      messages.push({ kind, content });
      return fails ? Promise.reject(new Error("gone")) : Promise.resolve();
    },
  };
  let now = START;
  const options = { notebook, shows, refresh: 100, logLevel: "info", now: () => now } as const;
  using display = new NotebookDisplay(options);
  for (const event of events) {
    now = event.at;
    display.handle(event);
    await display.settle();
  }
  display[Symbol.dispose]();
  await display.settle();
  return messages;
}

const summary = { tasks: 2, run: 2, cached: 0, failed: 0, skipped: 0, duration: 1500 };

Deno.test("a run is one output, drawn again in place, with a summary at its end", async () => {
  const task = label("Square", 1);
  const messages = await shown([
    planned("Square", 2),
    started(task, START + 200),
    ran(task, START + 1000),
    { kind: "ended", at: START + 1500, summary },
  ]);
  assertEquals(messages[0]!.kind, "display_data");
  for (const { kind } of messages.slice(1)) assertEquals(kind, "update_display_data");
  const ids = new Set(messages.map(({ content }) => content.transient!.display_id));
  assertEquals(ids.size, 1);
  const last = messages.at(-1)!.content.data!;
  assertStringIncludes(last["text/html"]!, "Square");
  assertStringIncludes(last["text/html"]!, "2 tasks: 2 run, 0 from cache, 0 failed in 1.5 s");
  assertEquals(last["text/plain"], "2 tasks: 2 run, 0 from cache, 0 failed in 1.5 s");
});

Deno.test("a picture tells of each type what a terminal tells, and which tasks run", async () => {
  const messages = await shown(middleOfAStudy());
  const drawn = messages.filter(({ kind }) => kind !== "stream");
  const html = drawn.at(-2)!.content.data!["text/html"]!;
  for (const text of ["LoadAndSplit", "FitAndScore", "Aggregate", "20 cached", "<li><code>"]) {
    assertStringIncludes(html, text);
  }
  assertFalse(drawn.at(-1)!.content.data!["text/html"]!.includes("<li>"), "nothing runs any more");
});

Deno.test("log lines go to the standard error of the cell, whether progress is shown or not", async () => {
  for (const shows of ["progress", "logs"] as const) {
    const messages = await shown([
      logged("hello", { task: label("Square", 1) }),
      logged("not this", { level: "debug" }),
      { kind: "ended", at: START, summary },
    ], { shows });
    const streams = messages.filter(({ kind }) => kind === "stream");
    assertEquals(streams.map(({ content }) => content.text), ["[Square(n=1)] hello\n"]);
    assertEquals(messages.length > streams.length, shows === "progress");
  }
});

Deno.test("what tasks are called is text, never HTML", async () => {
  const task = label("Square", 1, 'Square(n="<img src=x onerror=alert(1)>")');
  const messages = await shown([planned("<script>", 1), started(task, START + 200)]);
  const html = messages.map(({ content }) => content.data?.["text/html"]).join("");
  assertFalse(/<img|<script/.test(html));
  assertStringIncludes(html, "&lt;img src=x onerror=alert(1)&gt;");
});

Deno.test("pictures are no more frequent than asked for", async () => {
  const events = Array.from({ length: 1000 }, (_, n) => ran(label("Square", n), START + n));
  const messages = await shown([planned("Square", 1000), ...events]);
  assert(messages.length <= 13, `${messages.length} messages for a second`);
});

Deno.test("a notebook that is gone does not fail the run", async () => {
  const messages = await shown([planned("Square", 1), logged("hello")], { fails: true });
  assert(messages.length > 0);
});
