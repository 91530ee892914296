import { task } from "@labtech/lab";

/** What becomes of a quick task: it ends, logs and ends, fails, or ends once a file is there. */
export type Course = "ends" | "logs" | "fails" | "waits";

/** Takes no time, unless it waits, and notes that it ran. */
export const Quick = task(import.meta, {
  name: "BullQuick",
  codeVersion: "v1",
  async run(
    { n, notes, course = "ends" }: {
      readonly n: number;
      readonly notes: string;
      readonly course?: Course;
    },
    { log, signal },
  ) {
    Deno.writeTextFileSync(notes, `begin ${n}\n`, { append: true });
    if (course === "logs") log.info(`this is ${n}`);
    if (course === "fails") throw new RangeError(`not ${n}`);
    while (course === "waits" && !isThere(`${notes}.gate`)) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    Deno.writeTextFileSync(notes, `end ${n}\n`, { append: true });
    return 3 * n;
  },
});

/** No more of them may run at once than one. */
export const QuickAlone = task(import.meta, {
  name: "BullQuickAlone",
  maxParallel: 1,
  run: ({ n }: { readonly n: number }) => n,
});

/** May be begun more than once. */
export const QuickAgain = task(import.meta, {
  name: "BullQuickAgain",
  run: ({ n }: { readonly n: number }) => n,
  runnerOptions: () => ({ bullmq: { attempts: 2 } }),
});

function isThere(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}
