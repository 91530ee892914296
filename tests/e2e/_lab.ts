import { Lab, LabError, type LabOptions, type Task } from "@labtech/lab";
import { assertInstanceOf, assertRejects } from "@std/assert";

const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";
if (!mayRun) {
  Deno.test({
    name: "the same on the runner processes (skipped: it needs --allow-run)",
    ignore: true,
    fn() {},
  });
}

/** The names of the built-in runners that can be tried here. */
export const RUNNERS: readonly string[] = [
  ...["serial", "async", "workers"],
  ...(mayRun ? ["processes"] : []),
];

/** Takes what a run shows: its log lines. */
export function recorder(): {
  readonly lines: string[];
  readonly progress: LabOptions["progress"];
} {
  const lines: string[] = [];
  const write = (text: string) => {
    lines.push(...text.split("\n").filter((line) => line !== ""));
  };
  return {
    lines,
    progress: {
      enabled: false,
      color: false,
      logLevel: "debug",
      output: { terminal: false, write },
    },
  };
}

/** A Lab that shows nothing, and its log lines. */
export function quietLab(options: LabOptions): Lab & { readonly lines: string[] } {
  const { lines, progress } = recorder();
  return Object.assign(new Lab({ progress, ...options }), { lines });
}

/** The LabError that a run ends with. */
export async function labError(run: Promise<unknown>): Promise<LabError> {
  const error = await assertRejects(() => run);
  assertInstanceOf(error, LabError);
  return error;
}

/** A run's failures or skipped tasks as text: task to its error or root cause. */
export function inWords(of: ReadonlyMap<Task, Error | Task | undefined>): Record<string, string> {
  return Object.fromEntries(
    [...of].map(([task, why]) => [String(task), why instanceof Error ? why.message : String(why)]),
  );
}
