/** Tasks that take too long, or fail at first. */
import { type Task, task } from "@labtech/lab";
import { spin, wait } from "./trace.ts";

const attemptAt = (path: string) => {
  Deno.writeTextFileSync(path, "x", { append: true });
  return Deno.readTextFileSync(path).length;
};

/** Fails so many times, counted in a file; then gives how often it was tried. */
export const Flaky = task(import.meta, {
  name: "Flaky",
  retries: 2,
  run({ path, failures }: { path: string; failures: number }) {
    const attempt = attemptAt(path);
    if (attempt <= failures) throw new RangeError(`attempt ${attempt} was no good`);
    return attempt;
  },
});

/** Takes too long at first; more attempts than one more are for machines that stand still in the next one. */
export const LateOnce = task(import.meta, {
  name: "LateOnce",
  retries: 9,
  timeout: 200,
  async run({ path }: { path: string }, { signal }) {
    const attempt = attemptAt(path);
    if (attempt === 1) await wait(60_000, signal);
    return attempt;
  },
});

/** Gives what a nested task gave. */
export const Upon = task(import.meta, {
  name: "Upon",
  run: ({ of }: { of: Task<unknown> }) => [of.result],
});

/** Takes its time, and notes the reason of its signal, if it hears of it. */
export const Heeding = task(import.meta, {
  name: "Heeding",
  timeout: 100,
  async run({ path, ms }: { path: string; ms: number }, { signal }) {
    try {
      await wait(ms, signal);
    } catch (error) {
      Deno.writeTextFileSync(path, `${signal.aborted} ${(signal.reason as Error).message}\n`);
      throw error;
    }
    return "done";
  },
});

/** Has all the time that it needs. */
export const InTime = task(import.meta, {
  name: "InTime",
  timeout: 600_000,
  run: ({ n }: { n: number }) => n,
});

/** Does not hear its signal, but yields. */
export const Ignoring = task(import.meta, {
  name: "Ignoring",
  timeout: 100,
  async run({ ms }: { ms: number }) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return "done";
  },
});

/** Never yields, for so many ms. */
export const Stubborn = task(import.meta, {
  name: "Stubborn",
  timeout: 100,
  run({ ms, path }: { ms: number; path?: string }) {
    if (path !== undefined) Deno.writeTextFileSync(path, `${Deno.pid}\n`, { append: true });
    const end = performance.now() + ms;
    while (performance.now() < end) spin(1);
    return "done";
  },
});
