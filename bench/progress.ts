/**
 * What it costs to show a run of 20,000 tasks: how often is drawn, how much is written, and which part of a
 * processor that takes. The events of the run are told over ten seconds to a display, and in turns to
 * nobody: what that takes is taken off.
 *
 *     deno task bench:progress [rounds]
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { createDisplay } from "../progress/display.ts";
import type { RunEvent } from "../progress/events.ts";
import { ran, usage } from "./_progress_events.ts";

const ROUNDS = Number(Deno.args[0] ?? 3);
const TASKS = 20_000;
const SECONDS = 10;
/** How often events are told, in ms. */
const STEP = 10;
const WORKERS = 8;

interface Figures {
  readonly cpu: number;
  readonly seconds: number;
}

/** Tells the events of a run as time goes by. */
async function play(handle: (event: RunEvent) => void): Promise<Figures> {
  const before = cpuUsage();
  const start = performance.now();
  handle({ kind: "planned", at: Date.now(), type: "FitAndScore", count: TASKS });
  let told = 0;
  while (told < TASKS) {
    const due = Math.min(TASKS, Math.floor(TASKS * (performance.now() - start) / (SECONDS * 1000)));
    for (; told < due; told++) for (const event of ran(told, WORKERS)) handle(event);
    for (const event of usage(told, WORKERS)) handle(event);
    await new Promise((resolve) => setTimeout(resolve, STEP));
  }
  const { user, system } = cpuUsage(before);
  return { cpu: (user + system) / 1e6, seconds: (performance.now() - start) / 1000 };
}

async function shown(columns: number): Promise<Figures & { writes: number; bytes: number }> {
  let writes = 0;
  let bytes = 0;
  const output = {
    terminal: true,
    write(text: string): void {
      writes++;
      bytes += text.length;
    },
    size: () => ({ columns, rows: 50 }),
  };
  using display = createDisplay({ enabled: true, color: true, output });
  const figures = await play((event) => display.handle(event));
  return { ...figures, writes, bytes };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

if (import.meta.main) {
  console.log(
    "| terminal    | drawings a second | kB a second | % of a processor | telling alone |",
  );
  console.log(
    "| ----------- | ----------------- | ----------- | ---------------- | ------------- |",
  );
  for (const columns of [40, 200]) {
    const rounds: { writes: number; bytes: number; part: number; telling: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { cpu, seconds, writes, bytes } = await shown(columns);
      const bare = await play(() => {});
      rounds.push({
        writes: writes / seconds,
        bytes: bytes / seconds / 1000,
        part: 100 * (cpu / seconds - bare.cpu / bare.seconds),
        telling: 100 * bare.cpu / bare.seconds,
      });
    }
    const [writes, bytes, part, telling] = (["writes", "bytes", "part", "telling"] as const)
      .map((name) => median(rounds.map((round) => round[name])));
    const cells = [`${columns} columns`.padEnd(11), writes!.toFixed(1).padEnd(17)];
    cells.push(bytes!.toFixed(1).padEnd(11), part!.toFixed(2).padEnd(16));
    console.log(`| ${cells.join(" | ")} | ${telling!.toFixed(2).padEnd(13)} |`);
  }
}
