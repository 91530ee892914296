import { assertEquals } from "@std/assert";
import type { RunEvent } from "../../progress/events.ts";
import { LiveDisplay } from "../../progress/_live_display.ts";
import { loadTextWidth } from "../../progress/text_width.ts";
import * as on from "./_events.ts";
import { TestTerminal } from "./_terminal.ts";

const { label, START } = on;
// Set LABTECH_UPDATE_GOLDEN to write the pictures anew, then look at them.
const golden = (name: string) => new URL(`../golden/progress/${name}.txt`, import.meta.url);
const isUpdated = Deno.permissions.querySync({ name: "env", variable: "LABTECH_UPDATE_GOLDEN" })
      .state === "granted" && Deno.env.has("LABTECH_UPDATE_GOLDEN");

/** Two workers in the middle of a study: failures, a retry, logs, wide characters, another process. */
function* middle(): Generator<RunEvent> {
  yield* on.middleOfAStudy();
  const at = START + 30_000;
  yield on.planned("日本語のモデル", 4, at);
  for (let n = 62; n < 75; n++) yield on.ran(label("FitAndScore", n), at + n);
  const long = label("FitAndScore", 80, `FitAndScore(model="${"x".repeat(120)}", fold=1)`);
  const wide = label("日本語のモデル", 1, "日本語のモデル(größe=👨‍👩‍👧)");
  const retried = label("FitAndScore", 81);
  yield on.started(long, START + 31_000);
  yield on.started(wide, START + 36_000);
  yield on.logged("loss 0.3\nloss 0.2", { task: wide, at: START + 37_000 });
  yield on.logged("a file is missing", { task: long, level: "warn", at: START + 37_500 });
  yield on.started(retried, START + 38_000);
  const error = new Error("no answer");
  yield {
    kind: "retrying",
    at: START + 40_000,
    task: retried,
    attempt: 1,
    attempts: 3,
    delay: 6000,
    error,
  };
  yield { kind: "waiting", at: START + 40_000, task: label("FitAndScore", 82) };
  yield { kind: "usage", at: START + 41_500, task: long, cpu: 0.98, memory: 1_240_000_000 };
  yield { kind: "usage", at: START + 41_500, task: wide, cpu: 1.4, memory: 87_000_000 };
  yield on.planned("FitAndScore", 0, START + 42_000);
}

function ended(stopped: boolean): RunEvent {
  const counts = stopped ? { run: 54, skipped: 110 } : { run: 163, skipped: 1 };
  const slowest = [{ task: label("FitAndScore", 20), duration: 28_000 }];
  const summary = {
    tasks: 186,
    cached: 20,
    failed: 2,
    duration: 42_500,
    saved: 65_000,
    slowest,
    ...counts,
  };
  return { kind: "ended", at: START + 42_500, summary };
}

const MOMENTS: Readonly<Record<string, readonly RunEvent[]>> = {
  "mid-run": [],
  end: [ended(false)],
  "ctrl-c": [
    on.logged("Ending: what runs is finished first; press Ctrl-C again to stop at once", {
      level: "warn",
      at: START + 42_100,
    }),
    on.skipped(label("FitAndScore", 81), START + 42_400),
    ended(true),
  ],
};

for (const [moment, events] of Object.entries(MOMENTS)) {
  for (const columns of [40, 200]) {
    for (const color of [false, true]) {
      const name = `${moment}-${columns}${color ? "-color" : ""}`;
      Deno.test(`the picture ${name} of a run that is played is the golden one`, async () => {
        await loadTextWidth();
        using terminal = new TestTerminal(columns, 30);
        const options = {
          refresh: 100,
          logLevel: "info",
          color,
          // When the last event came, so that the timer of the display draws the same picture.
          now: () => START + 42_000,
        } as const;
        using display = new LiveDisplay({ output: terminal, ...options });
        for (const event of middle()) display.handle(event);
        for (const event of events) display.handle(event);
        const shown = color
          ? [...await terminal.lines(), "", "Written last:", visible(terminal.writes.at(-1)!)]
          : await terminal.lines();
        const text = `${shown.join("\n")}\n`;
        if (isUpdated) await Deno.writeTextFile(golden(name), text);
        assertEquals(text, await Deno.readTextFile(golden(name)));
      });
    }
  }
}

function visible(text: string): string {
  return text.replaceAll("\x1b", "␛").replaceAll("\r", "␍");
}
