import type { RunEvent, TaskLabel } from "../progress/events.ts";

function labelOf(n: number): TaskLabel {
  return {
    id: `FitAndScore__${n}`,
    type: "FitAndScore",
    text: `FitAndScore(model={kind: "random forest", trees: ${n % 40}}, größe=${n}, fold=${n % 5})`,
  };
}

/** A task that ends, and the one that begins in its place; one of ten says something. */
export function* ran(n: number, workers: number): Generator<RunEvent> {
  const at = Date.now();
  if (n >= workers) {
    const task = labelOf(n - workers);
    yield { kind: "done", at, task, from: n % 20 === 0 ? "cache" : "run", duration: 4 };
  }
  const task = labelOf(n);
  yield { kind: "started", at, task };
  if (n % 10 === 0) yield { kind: "log", at, task, level: "info", text: `loss ${n / 7}` };
}

/** What the tasks take that run. */
export function* usage(n: number, workers: number): Generator<RunEvent> {
  for (let each = Math.max(0, n - workers); each < n; each++) {
    yield { kind: "usage", at: Date.now(), task: labelOf(each), cpu: 0.98, memory: 85e6 };
  }
}
