import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { RunEvent } from "../../progress/events.ts";
import { LiveDisplay } from "../../progress/_live_display.ts";
import type { LiveDisplayOptions } from "../../progress/_live_display.ts";
import * as on from "./_events.ts";
import { TestTerminal } from "./_terminal.ts";

const { label, START } = on;

/** Its clock stands where the last event left it: what its timer draws is what that event led to. */
class EventTimedDisplay extends LiveDisplay {
  readonly #clock: { at: number };

  constructor(output: TestTerminal, options: Partial<LiveDisplayOptions> = {}) {
    const clock = { at: START };
    const defaults = { refresh: 100, logLevel: "info", color: false } as const;
    super({ output, now: () => clock.at, ...defaults, ...options });
    this.#clock = clock;
  }

  override handle(event: RunEvent): void {
    this.#clock.at = Math.max(this.#clock.at, event.at);
    super.handle(event);
  }
}

function open(output: TestTerminal, options: Partial<LiveDisplayOptions> = {}): LiveDisplay {
  return new EventTimedDisplay(output, options);
}

function handleAll(display: LiveDisplay, events: Iterable<RunEvent>): void {
  for (const event of events) display.handle(event);
}

/** Makes a display draw, whatever it drew before: time has passed. */
function settle(display: LiveDisplay, at: number): void {
  display.handle(on.planned("Fit", 0, at));
}

const summary = { tasks: 3, run: 2, cached: 1, failed: 0, skipped: 0, duration: 4100 };

Deno.test("bars and active tasks stand at the end, log lines above them", async () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal);
  const task = label("Fit", 1);
  handleAll(display, [
    on.planned("Fit", 3),
    on.cached(label("Fit", 0)),
    on.started(task),
    on.logged("of the program"),
    on.logged("loss 0.3\nloss 0.2\n", { task }),
  ]);
  settle(display, START + 1000);
  assertEquals(
    await terminal.lines(),
    [
      "of the program",
      "[Fit(n=1)] loss 0.3",
      "[Fit(n=1)] loss 0.2",
      "Fit ━━━━━━━━━━────────────────────── 1/3  33%  1 s 1 cached",
      "  Fit(n=1) running 1 s",
    ],
  );
});

Deno.test("a run ends with its bars, without active tasks, and a summary", async () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal);
  handleAll(display, [
    on.planned("Fit", 3),
    on.cached(label("Fit", 0)),
    on.started(label("Fit", 1)),
    on.started(label("Fit", 2)),
    on.ran(label("Fit", 1), START + 4000),
    on.ran(label("Fit", 2), START + 4100),
    { kind: "ended", at: START + 4100, summary },
  ]);
  assertEquals(await terminal.lines(), [
    "Fit ━━━━━━━━━━━━━━━━━━━━━━ 3/3 100% 4.1 s 29.3/min 1 cached",
    "3 tasks: 2 run, 1 from cache, 0 failed in 4.1 s",
  ]);
  assertEquals(terminal.cursor, { line: 2, column: 0 });
});

Deno.test("a run that is broken off leaves its bars and says what is unfinished", async () => {
  using terminal = new TestTerminal(60, 12);
  const display = open(terminal, { now: () => START + 2000 });
  handleAll(display, [on.planned("Fit", 3), on.started(label("Fit", 0)), on.logged("last words")]);
  display[Symbol.dispose]();
  display[Symbol.dispose]();
  assertEquals(
    await terminal.lines(),
    [
      "last words",
      "Fit ──────────────────────────────────────── 0/3   0%  2 s",
      "3 tasks: 0 run, 0 from cache, 0 failed, 3 not finished in",
      "  2.0 s",
    ],
  );
});

Deno.test("a display that saw no event writes nothing", () => {
  using terminal = new TestTerminal();
  open(terminal)[Symbol.dispose]();
  assertEquals(terminal.writes, []);
});

Deno.test("after the end, log lines go below", async () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal);
  handleAll(display, [
    on.planned("Fit", 3),
    { kind: "ended", at: START, summary },
    on.logged("stored"),
    on.ran(label("Fit", 1)),
  ]);
  assertEquals((await terminal.lines()).slice(-2), [
    "3 tasks: 2 run, 1 from cache, 0 failed in 4.1 s",
    "stored",
  ]);
});

Deno.test("after each write the cursor is shown and lines wrap, so that any end is clean", () => {
  using terminal = new TestTerminal();
  using display = open(terminal);
  for (const event of on.middleOfAStudy()) display.handle(event);
  settle(display, START + 50_000);
  display.handle({ kind: "ended", at: START + 50_000, summary });
  assert(terminal.writes.length > 3);
  for (const text of terminal.writes) {
    assertEquals(text.lastIndexOf("\x1b[?25l") < text.lastIndexOf("\x1b[?25h"), true);
    assertEquals(text.endsWith("\x1b[?7h\x1b[?25h"), true);
  }
});

Deno.test("20,000 tasks in 10 s draw ten pictures a second, and a few more at once", () => {
  using terminal = new TestTerminal(200, 50);
  using display = open(terminal);
  display.handle(on.planned("Fit", 20_000));
  for (let n = 0; n < 20_000; n++) {
    const at = START + n / 2;
    display.handle(on.started(label("Fit", n), at));
    if (n % 10 === 0) display.handle(on.logged("a line", { at }));
    display.handle(on.ran(label("Fit", n), at));
  }
  assertLessOrEqual(terminal.writes.length, 10 * 10 + 3);
  assert(terminal.writes.length > 90);
});

Deno.test("all log lines of a flood appear, in order", async () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal);
  const lines = Array.from({ length: 2000 }, (_, n) => `line ${n}`);
  lines.forEach((line, n) => display.handle(on.logged(line, { at: START + n })));
  settle(display, START + 5000);
  assertEquals((await terminal.lines()).slice(0, 2000), lines);
});

Deno.test("tasks that hold the thread are seen to start and end, though no timer fires", async () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal);
  display.handle(on.planned("Fit", 3));
  for (let n = 0; n < 3; n++) {
    // Nothing is awaited by the display: each picture is there when `handle` returns.
    const at = START + n * 1000;
    display.handle(on.started(label("Fit", n), at));
    display.handle(on.logged(`epoch ${n}`, { at }));
    const lines = await terminal.lines();
    assertEquals(lines.at(-1), `  Fit(n=${n}) running 0 s`);
    assert(lines.includes(`epoch ${n}`));
    display.handle(on.ran(label("Fit", n), at + 999));
  }
});

Deno.test("what came too soon after a picture appears without another event", async () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal, { now: () => Date.now() });
  const at = Date.now();
  for (let n = 0; n < 10; n++) display.handle(on.logged(`line ${n}`, { at }));
  while (!(await terminal.lines()).includes("line 9")) {
    await new Promise((done) => setTimeout(done, 10));
  }
});

Deno.test("a failure is told above the bars at once, and many are only counted", async () => {
  using terminal = new TestTerminal(80, 12);
  using display = open(terminal);
  for (let n = 0; n < 50; n++) {
    display.handle(on.failed(label("Fit", n), new TypeError("no\nstack")));
  }
  settle(display, START + 1000);
  const lines = await terminal.lines();
  assertEquals(lines[0], "[Fit(n=0)] failed: TypeError: no");
  assertEquals(lines[2], "[Fit(n=2)] failed: TypeError: no");
  assertEquals(lines[3], "[Fit(n=3)] failed alike; further failures like this are only counted");
  assert(lines[4]!.endsWith("50 failed"));
  assertEquals(lines.length, 5);
});

Deno.test("log lines below the level are left out, grave ones say so where there is no colour", async () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal, { logLevel: "warn" });
  const task = label("Fit", 1);
  for (const level of ["debug", "info", "warn", "error"] as const) {
    display.handle(on.logged("text", { level, task }));
  }
  settle(display, START + 1000);
  assertEquals((await terminal.lines()).slice(0, 2), [
    "[Fit(n=1)] warning: text",
    "[Fit(n=1)] error: text",
  ]);
});

Deno.test("levels have colours, which end with the line", () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal, { color: true });
  display.handle(on.logged("a\nb", { level: "warn", task: label("Fit", 1) }));
  const line = (text: string) => `\x1b[2m[Fit(n=1)]\x1b[0m \x1b[33m${text}\x1b[0m\n`;
  assert(terminal.writes[0]!.includes(line("a") + line("b")));
});

Deno.test("nothing a task says moves the cursor, clears the screen or sets the title", async () => {
  using terminal = new TestTerminal(60, 12);
  using display = open(terminal);
  const evil = "\x1b[2J\x1b[H\x1b]0;title\x07\x9b5A\r";
  const task = label(`Fit${evil}`, 1, `Fit${evil}(1)`);
  handleAll(display, [
    on.logged("before"),
    on.started(task),
    on.logged(`log${evil}`, { task }),
    on.failed(task, new Error(evil)),
  ]);
  settle(display, START + 1000);
  const lines = await terminal.lines();
  assertEquals(lines[0], "before");
  assert(lines[1]!.startsWith("[Fit␛[2J␛[H…0;title␇"), lines[1]);
  // Those of the display itself are the only ones.
  const written = terminal.writes.join("").replaceAll("\x1b[", "ESC[");
  const sequences = written.match(/ESC\[[?\d]*[A-Za-z]/g)!;
  const own = /^ESC\[(\?25[lh]|\?7[lh]|\d+A|K|J)$/;
  assertEquals(sequences.filter((sequence) => !own.test(sequence)), []);
  for (const control of ["\x1b", "\x07", "\x9b"]) assert(!written.includes(control));
});

Deno.test("a frame that is redrawn leaves nothing of itself, when it shrinks or the terminal does", async () => {
  using terminal = new TestTerminal(120, 40);
  using display = open(terminal);
  const text = (n: number) => `Fit(n=${n}, ${"x".repeat(80)})`;
  for (let line = 0; line < 15; line++) display.handle(on.logged(`line ${line}`));
  for (let n = 0; n < 12; n++) display.handle(on.started(label("Fit", n, text(n))));
  for (const [step, [columns, rows]] of ([[60, 40], [40, 40], [150, 30]] as const).entries()) {
    settle(display, START + 1000 * step);
    await terminal.resize(columns, rows);
    settle(display, START + 1000 * step + 500);
    const lines = await terminal.lines();
    assertEquals(lines.slice(0, 15), Array.from({ length: 15 }, (_, n) => `line ${n}`));
    assertEquals(lines.length, 15 + 1 + 10 + 1);
    for (const line of lines) assertLessOrEqual(line.length, columns - 1);
  }
  for (let n = 0; n < 11; n++) display.handle(on.ran(label("Fit", n), START + 9000));
  settle(display, START + 10_000);
  assertEquals((await terminal.lines()).length, 15 + 1 + 1);
});

Deno.test("columns of tasks do not jump to and fro as tasks come and go", async () => {
  using terminal = new TestTerminal(100, 12);
  using display = open(terminal);
  display.handle(on.planned("Fit", 9));
  const columns = new Set<number>();
  for (
    const [n, text] of ["Fit(a=1, b=2)", "Fit(a=1)", "Fit(a=100, b=200)", "Fit(a=2)"].entries()
  ) {
    const task = label("Fit", n, text);
    display.handle(on.started(task, START + 10_000 * n));
    if (n === 1) display.handle({ kind: "usage", at: START + 12_000, task, cpu: 1, memory: 9e7 });
    settle(display, START + 10_000 * n + 3000);
    if (n >= 2) columns.add((await terminal.lines()).at(-1)!.indexOf("running"));
    display.handle(on.ran(task, START + 10_000 * n + 4000));
  }
  assertEquals(columns.size, 1);
});

Deno.test("a picture never grows beyond the terminal's height", async () => {
  using terminal = new TestTerminal(80, 8);
  using display = open(terminal);
  for (let type = 0; type < 30; type++) display.handle(on.planned(`Type${type}`, 10));
  for (let n = 0; n < 30; n++) display.handle(on.started(label("Type7", n)));
  settle(display, START + 1000);
  const lines = await terminal.lines();
  assertEquals(lines.length, 7);
  assert(lines[0]!.startsWith("Type"));
  display.handle({ kind: "ended", at: START + 2000, summary });
  // At the end there is room for all, since nothing is drawn over any more.
  assertEquals((await terminal.lines()).length, 31);
});

Deno.test("a terminal that is gone does not fail the run", () => {
  let calls = 0;
  const output = {
    terminal: true,
    write(): void {
      calls++;
      throw new Deno.errors.BrokenPipe("gone");
    },
  };
  const options = { refresh: 100, logLevel: "info", color: false, now: () => START } as const;
  using display = new LiveDisplay({ output, ...options });
  handleAll(display, on.middleOfAStudy());
  settle(display, START + 60_000);
  assertEquals(calls, 1);
});
