import { task } from "@labtech/lab";
import { note, spin, wait } from "./trace.ts";

/** Does not care whether it is to stop. */
export const Stubborn = task(import.meta, {
  name: "Stubborn",
  async run({ ms, spins }: { ms: number; spins: boolean }, { context }) {
    note(context, "begin");
    if (spins) spin(ms);
    else await wait(ms);
    note(context, "end");
    return ms;
  },
});

/** Does not care either: goes on until a file is there, for a minute at most. */
export const StubbornUntil = task(import.meta, {
  name: "StubbornUntil",
  async run({ file, spins }: { file: string; spins: boolean }, { context }) {
    note(context, "begin");
    const end = performance.now() + 60_000;
    while (!isThere(file) && performance.now() < end) {
      if (spins) spin(10);
      else await wait(10);
    }
    note(context, "end");
    return file;
  },
});

function isThere(file: string): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch {
    return false;
  }
}
