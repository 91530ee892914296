import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { createDisplay } from "../../progress/display.ts";
import { routeConsole } from "../../progress/route_console.ts";
import * as on from "./_events.ts";
import { TestTerminal } from "./_terminal.ts";

Deno.test("what the program prints while bars are shown appears above them", async () => {
  using terminal = new TestTerminal(60, 20);
  using display = createDisplay({ output: terminal, color: false });
  display.handle(on.planned("Fit", 3));
  {
    using _routed = await routeConsole(display, { stdout: "terminal" });
    console.log("loss %d of", 0.3, { epoch: 1 });
    console.error("careful");
    console.group("a group");
    console.info("two\nlines");
    console.groupEnd();
    console.table([{ a: 1 }]);
    console.clear();
    display.handle(on.planned("Fit", 0, Date.now() + 10_000));
  }
  const lines = await terminal.lines();
  assertEquals(lines.slice(0, 5), [
    "loss 0.3 of { epoch: 1 }",
    "careful",
    "a group",
    "  two",
    "  lines",
  ]);
  assert(lines.some((line) => line.includes("(index)")));
  assert(lines.at(-1)!.startsWith("Fit ─"));
});

Deno.test("colours of the program are kept, and end with the line", async () => {
  using terminal = new TestTerminal(60, 20);
  using display = createDisplay({ output: terminal, color: true });
  using _routed = await routeConsole(display, { stdout: "terminal" });
  console.log("\x1b[31mred");
  display.handle(on.planned("Fit", 0, Date.now() + 10_000));
  assert(terminal.writes.join("").includes("\x1b[31mred\x1b[0m\n"));
});

Deno.test("the console is as before when routing ends", async () => {
  using terminal = new TestTerminal();
  using display = createDisplay({ output: terminal });
  const { log, warn } = console;
  {
    using _routed = await routeConsole(display, { stdout: "terminal" });
    assertNotStrictEquals(console.log, log);
  }
  assertStrictEquals(console.log, log);
  assertStrictEquals(console.warn, warn);
});

Deno.test("what replaced the console meanwhile stays, and still reaches the original", async () => {
  using terminal = new TestTerminal();
  using display = createDisplay({ output: terminal });
  const original = console.log;
  const printed: unknown[] = [];
  console.log = (...values) => void printed.push(...values);
  try {
    const routed = await routeConsole(display, { stdout: "terminal" });
    const below = console.log;
    const above = (...values: unknown[]) => below("above:", ...values);
    console.log = above;
    routed[Symbol.dispose]();
    assertStrictEquals(console.log, above);
    console.log("hello");
    assertEquals(printed, ["above:", "hello"]);
  } finally {
    console.log = original;
  }
});

Deno.test("standard output that goes to a file keeps its lines", async () => {
  using terminal = new TestTerminal();
  using display = createDisplay({ output: terminal });
  const { log, error } = console;
  using _routed = await routeConsole(display, { stdout: "elsewhere" });
  assertStrictEquals(console.log, log);
  assertNotStrictEquals(console.error, error);
});

Deno.test("a display without bars leaves the console alone", async () => {
  using display = createDisplay({ output: { terminal: false, write() {} }, enabled: true });
  const { log, error } = console;
  using _routed = await routeConsole(display, { stdout: "terminal" });
  assertStrictEquals(console.log, log);
  assertStrictEquals(console.error, error);
});
