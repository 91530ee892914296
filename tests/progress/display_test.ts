import { assert, assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import { createDisplay } from "../../progress/display.ts";
import { LiveDisplay } from "../../progress/_live_display.ts";
import { PlainDisplay } from "../../progress/_plain_display.ts";
import type { ProgressOutput } from "../../progress/output.ts";
import * as on from "./_events.ts";
import { TestTerminal } from "./_terminal.ts";

function file(): ProgressOutput & { text: string } {
  return {
    terminal: false,
    text: "",
    write(text: string) {
      this.text += text;
    },
  };
}

const summary = { tasks: 1, run: 1, cached: 0, failed: 0, skipped: 0, duration: 7 };
const ended = { kind: "ended", at: on.START, summary } as const;

Deno.test("a terminal gets bars, anything else plain lines, and only log lines unless asked", () => {
  using terminal = new TestTerminal();
  {
    using display = createDisplay({ output: terminal });
    assertInstanceOf(display, LiveDisplay);
  }
  using silent = createDisplay({ output: terminal, enabled: false });
  assertInstanceOf(silent, PlainDisplay);
  const quiet = file();
  const told = file();
  for (const [output, enabled] of [[quiet, undefined], [told, true]] as const) {
    using display = createDisplay({ output, enabled });
    assertInstanceOf(display, PlainDisplay);
    display.handle(ended);
  }
  assertEquals(quiet.text, "");
  assertEquals(told.text, "1 task: 1 run, 0 from cache, 0 failed in 7 ms\n");
});

Deno.test("colour is for terminals, and may be chosen", () => {
  const warning = on.logged("text", { level: "warn" });
  const colored = (output: ProgressOutput & { text: string }, color?: boolean) => {
    using display = createDisplay({ output, color });
    display.handle(warning);
    return output.text.includes("\x1b[33m");
  };
  assertFalse(colored(file()));
  assert(colored(file(), true));
  assertEquals(colored({ ...file(), terminal: true }), !Deno.noColor);
  assertFalse(colored({ ...file(), terminal: true }, false));
});

Deno.test("a width that is given is kept to", async () => {
  using terminal = new TestTerminal(120);
  using display = createDisplay({ output: terminal, columns: 40 });
  display.handle(on.started(on.label("Fit", 1, "x".repeat(200))));
  for (const line of await terminal.lines()) assert(line.length < 40);
});

Deno.test("two runs at once share a terminal: the second writes lines above the first's bars", async () => {
  using terminal = new TestTerminal(60, 12);
  const options = { output: terminal, color: false };
  {
    using first = createDisplay(options);
    first.handle(on.planned("First", 2));
    using second = createDisplay(options);
    assertInstanceOf(second, PlainDisplay);
    second.handle(on.logged("of the second"));
    second.handle(ended);
    first.handle(on.planned("First", 1, on.START + 1000));
    const lines = await terminal.lines();
    assertEquals(lines.slice(0, 2), [
      "of the second",
      "1 task: 1 run, 0 from cache, 0 failed in 7 ms",
    ]);
    assert(lines[2]!.startsWith("First ─"));
  }
  using third = createDisplay(options);
  assertInstanceOf(third, LiveDisplay);
});
